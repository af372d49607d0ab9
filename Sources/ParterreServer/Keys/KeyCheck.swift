import HTTPTypes
import Hummingbird
import HummingbirdCore

/// Lets pass only requests with a key of the ring, as OpenAI's clients send it: `Authorization: Bearer KEY`.
struct KeyCheck: RouterMiddleware {
    let keys: KeyRing

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let given = request.headers[.authorization] else {
            throw Self.refusal("this server wants an API key: send the header Authorization: Bearer KEY")
        }
        let parts = given.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", keys.opens(with: Array(parts[1].utf8)) else {
            throw Self.refusal("the API key is not one of this server's")
        }
        return try await next(request, context)
    }

    private static func refusal(_ message: String) -> APIError {
        var error = APIError(.unauthorized, message, code: "invalid_api_key")
        error.headers[.wwwAuthenticate] = "Bearer"
        return error
    }
}
