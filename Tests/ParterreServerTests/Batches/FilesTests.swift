import Foundation
import TestSupport
import Testing

@testable import ParterreServer

@Suite("Files over HTTP", .timeLimit(.minutes(10)))
struct FilesTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func options(_ change: (inout BatchServerOptions) -> Void = { _ in }) -> ServerOptions {
        var options = ServerOptions()
        var batches = BatchServerOptions(folder: folder.url.appending(path: "store").path)
        change(&batches)
        options.batches = batches
        return options
    }

    @Test("a file is uploaded, listed, read and deleted")
    func file() async throws {
        try await TestServer.run(options()) { server in
            let content = "{\"x\": \"ä\"}\r\n\r\n--9f3\r\n"
            let uploaded = try await server.upload(UploadForm(content: content))
            #expect(uploaded.status == 200)
            let id = try #require(try uploaded.json["id"] as? String)
            #expect(id.hasPrefix("file-"))
            #expect(try uploaded.json["bytes"] as? Int == content.utf8.count)
            #expect(try uploaded.json["filename"] as? String == "in.jsonl")
            #expect(try uploaded.json["purpose"] as? String == "batch")
            #expect(try await server.get("/v1/files/\(id)").body == uploaded.body)
            let second = try await server.upload(UploadForm(content: "2"))
            let list = try await server.get("/v1/files?limit=1&order=asc&purpose=batch").json
            #expect(list["object"] as? String == "list" && list["has_more"] as? Bool == true)
            #expect(list["first_id"] as? String == id && list["last_id"] as? String == id)
            let rest = try await server.get("/v1/files?after=\(id)&order=asc").json
            #expect(
                (rest["data"] as? [[String: Any]])?.map { $0["id"] as? String } == [try second.json["id"] as? String])
            let read = try await server.get("/v1/files/\(id)/content")
            #expect(read.body == content)
            #expect(read.headers["content-type"] == "application/octet-stream")
            #expect(read.headers["x-content-type-options"] == "nosniff")
            let deleted = try await server.delete("/v1/files/\(id)")
            #expect(deleted.body == #"{"id":"\#(id)","object":"file","deleted":true}"#)
            for path in ["/v1/files/\(id)", "/v1/files/\(id)/content"] {
                let gone = try await server.get(path)
                #expect(gone.status == 404)
                #expect(try gone.error.message == "there is no file \(id)")
            }
            #expect(try await server.delete("/v1/files/\(id)").status == 404)
        }
    }

    @Test("a form that is none of ours is refused by the name of its field, and nothing of it is kept")
    func badForms() async throws {
        try await TestServer.run(options { $0.fileBytes = 1000 }) { server in
            let cases: [(UploadForm, Int, String?)] = [
                (UploadForm(content: "x", purpose: nil), 400, "purpose"),
                (UploadForm(content: "x", purpose: "fine-tune"), 400, "purpose"),
                (UploadForm(content: "x", filename: nil), 400, "file"),
                (UploadForm(content: "x", fields: [("model", "x")]), 400, "model"),
                (UploadForm(content: "x", fields: [("purpose", "batch")]), 400, "purpose"),
                (UploadForm(content: "x", fields: [("file", "x")]), 400, "file"),
                (
                    UploadForm(content: "x", fields: [("expires_after[anchor]", "created_at")]), 400,
                    "expires_after[seconds]"
                ),
                (UploadForm(content: String(repeating: "x", count: 1001)), 413, "file"),
                (UploadForm(content: "x", filename: String(repeating: "x", count: 256)), 400, "file"),
            ]
            for (form, status, param) in cases {
                let reply = try await server.upload(form)
                #expect(reply.status == status)
                #expect(try reply.error.param == param)
            }
            let json = try await server.post("/v1/files", "{}")
            #expect(json.status == 400)
            #expect(try json.error.message.contains("multipart/form-data"))
            #expect(try await server.get("/v1/files").json["first_id"] is NSNull)
            let incoming = folder.url.appending(path: "store/incoming").path
            for _ in 0..<500 where try !FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty)
            let whole = try await server.upload(
                UploadForm(
                    content: String(repeating: "x", count: 1000),
                    fields: [("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600")]))
            #expect(whole.status == 200)
            let (created, expires) = (try whole.json["created_at"] as? Int, try whole.json["expires_at"] as? Int)
            #expect(try #require(expires) == #require(created) + 3600)
        }
    }

    @Test("an upload whose client hangs up leaves nothing")
    func hangUp() async throws {
        try await TestServer.run(options()) { server in
            let form = UploadForm(content: String(repeating: "x", count: 100_000)).body
            let wire = try server.wire()
            try await wire.send(
                "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(UploadForm.type)\r\n"
                    + "Content-Length: \(form.utf8.count)\r\n\r\n\(form.prefix(50_000))")
            let incoming = folder.url.appending(path: "store/incoming").path
            func left() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: incoming).count }
            for _ in 0..<500 where try left() == 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try left() == 1)
            wire.hangUp()
            for _ in 0..<500 where try left() > 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try left() == 0)
            #expect(try await server.get("/v1/files").json["first_id"] is NSNull)
        }
    }

    @Test(
        "a query that makes no sense is refused",
        arguments: ["limit=0", "limit=10001", "limit=x", "order=up", "after=file-none"])
    func queries(query: String) async throws {
        try await TestServer.run(options()) { server in
            let reply = try await server.get("/v1/files?\(query)")
            #expect(reply.status == 400)
            #expect(try reply.error.param == query.split(separator: "=").first.map(String.init))
        }
    }

    @Test("a server without a folder says what it lacks")
    func off() async throws {
        try await TestServer.run { server in
            for path in ["/v1/files", "/v1/batches", "/v1/files/x", "/v1/batches/x"] {
                let reply = try await server.get(path)
                #expect(reply.status == 404)
                #expect(try reply.error.code == "batches_off")
            }
            #expect(try await server.upload(UploadForm(content: "x")).status == 404)
            #expect(try await server.post("/v1/batches", "{}").status == 404)
        }
    }
}
