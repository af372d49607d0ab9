import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// `GET /`: a page to try the model on and to watch the batch. It holds nothing secret and needs no key; what it asks for does.
struct PageFeature: Feature {
    func addRoutes(to routes: Routes) {
        routes.open.get("/") { request, _ in Self.answer(request, .page) }
        for file in PageFile.parts {
            routes.open.get("page/\(file.name)") { request, _ in Self.answer(request, file) }
        }
    }

    private static func answer(_ request: Request, _ file: PageFile) -> Response {
        var headers = headers
        headers[.eTag] = file.tag
        let known = request.headers[.ifNoneMatch]?.split(separator: ",") ?? []
        if known.contains(where: { $0.drop { $0 == " " }.replacing("W/", with: "") == file.tag }) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    /// Only what comes from this server is run, shown or asked, and nobody else's page may frame it: it may hold a key.
    private static let headers: HTTPFields = {
        var headers: HTTPFields = [
            .cacheControl: "no-cache",
            .contentSecurityPolicy:
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            .xContentTypeOptions: "nosniff",
        ]
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        return headers
    }()
}
