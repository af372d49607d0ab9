import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("HTTP's versions and methods")
struct VersionTests {
    private static let stream = #"{"prompt": "a", "max_tokens": 5, "ignore_eos": true, "stream": true}"#

    /// All that comes until the server ends the connection.
    private func rest(_ wire: Wire) async throws -> String {
        var text = ""
        while let byte = try await wire.read(count: 1) { text += byte }
        return text
    }

    @Test("a client of HTTP/1.0 sees the connection's end behind its answer", arguments: ["close", "keep-alive"])
    func old(wish: String) async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.send("GET /health HTTP/1.0\r\nConnection: \(wish)\r\n\r\n")
            let reply = try await wire.reply()
            #expect(reply.status == 200 && reply.body == #"{"status":"ok"}"#)
            #expect(try await rest(wire) == "")
        }
    }

    @Test("a stream for a client of HTTP/1.0 has no chunks and ends with the connection")
    func oldStream() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.send(
                "POST /v1/completions HTTP/1.0\r\nContent-Length: \(Self.stream.utf8.count)\r\n\r\n\(Self.stream)")
            var reply = try await wire.head()
            #expect(reply.status == 200 && reply.headers["transfer-encoding"] == nil)
            reply.body = try await rest(wire)
            #expect(reply.body.hasPrefix("data: {") && reply.body.hasSuffix("data: [DONE]\n\n"))
            #expect(try reply.chunks.last?["object"] as? String == "text_completion")
        }
    }

    @Test("a client that wishes the connection's end gets it, behind a stream too", arguments: ["close", "Close, TE"])
    func close(wish: String) async throws {
        try await TestServer.run { server in
            for body in [#"{"prompt": "a", "max_tokens": 2}"#, Self.stream] {
                let wire = try server.wire()
                let reply = try await wire.post("/v1/completions", body, headers: ["Connection": wish])
                #expect(reply.status == 200 && reply.headers["connection"] == "close")
                #expect(try await rest(wire) == "")
            }
        }
    }

    @Test("a client that offers another protocol is answered in this one, and the connection ends")
    func upgrade() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.send(
                "GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                    + "HTTP2-Settings: AAMAAABk\r\n\r\n")
            let reply = try await wire.reply()
            #expect(reply.status == 200 && reply.headers["connection"] == "close")
            #expect(try await rest(wire) == "")
        }
    }

    @Test("HEAD is answered as GET without a body, also where it is refused, and the next request is served")
    func head() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            for (path, status) in [
                ("/health", 200), ("/v1/models", 200), ("/metrics", 200), ("/", 200), ("/live", 200),
                ("/v1/models/other", 404), ("/v1/completions", 404), ("/nothing", 404),
            ] {
                try await wire.sendRequest("HEAD", path, body: nil)
                let head = try await wire.head()
                #expect(head.status == status, "\(path)")
                if ["/health", "/v1/models"].contains(path) {
                    let whole = try await wire.get(path)
                    #expect(head.headers["content-length"] == "\(whole.body.utf8.count)", "\(path)")
                    #expect(head.headers["content-type"] == whole.headers["content-type"], "\(path)")
                }
                #expect(try await wire.get("/health").body == #"{"status":"ok"}"#, "after \(path)")
            }
        }
    }
}
