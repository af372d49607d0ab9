import BatchFiles
import Batches
import Forms
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// `/v1/files`: OpenAI's files, for the inputs and results of batches.
struct FilesFeature: Feature {
    let store: FileStore?

    func addRoutes(to routes: Routes) {
        let files = routes.guarded.group("v1/files")
        files.post { request, context in
            // It goes to the disk piece by piece.
            context.body?.release()
            return Response(json: try await FileForm.read(request, into: opened()).json)
        }
        files.get { request, _ in try list(request) }
        files.get(":id") { _, context in Response(json: try opened().file(id(context)).json) }
        files.delete(":id") { _, context in try await delete(id(context)) }
        files.get(":id/content") { _, context in try await content(id(context)) }
    }

    private func opened() throws(APIError) -> FileStore {
        guard let store else { throw .batchesOff }
        return store
    }

    private func id(_ context: ServerContext) throws -> FileID {
        FileID(rawValue: try context.parameters.require("id"))
    }

    private func list(_ request: Request) throws -> Response {
        let query = try ListQuery(request, limits: 1...10_000, standard: 10_000)
        let purpose = request.uri.queryParameters["purpose"].map(String.init)
        let page = try opened().page(query, purpose: purpose)
        return Response(json: page.json(id: \.id.rawValue, \.json))
    }

    private func delete(_ id: FileID) async throws -> Response {
        try await opened().delete(id)
        return Response(json: .object(["id": .string(id.rawValue), "object": "file", "deleted": .bool(true)]))
    }

    /// Streamed from the disk, as fast as the client takes it.
    private func content(_ id: FileID) async throws -> Response {
        let content = try await opened().content(id)
        let headers: HTTPFields = [.contentType: "application/octet-stream", .xContentTypeOptions: "nosniff"]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(contentLength: content.size) { writer in
                while case let bytes = try await content.chunk(), !bytes.isEmpty {
                    try await writer.write(ByteBuffer(bytes: bytes))
                }
                try await writer.finish(nil)
            })
    }
}
