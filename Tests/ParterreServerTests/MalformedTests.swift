import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("What is no HTTP")
struct MalformedTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var bytes: String
        var says: String
        var status = 400

        var testDescription: String { String(bytes.prefix(60)) }
    }

    static let cases: [Case] = [
        Case(bytes: "\u{1}\u{2}nonsense\r\n\r\n", says: "no method"),
        Case(bytes: "GET /health HTTP/7.3\r\n\r\n", says: "version"),
        Case(bytes: "GET /health\u{7} HTTP/1.1\r\n\r\n", says: "address"),
        Case(bytes: "GET /health HTTP/1.1\r\nbad header: x\r\n\r\n", says: "header"),
        Case(bytes: "POST /tokenize HTTP/1.1\r\nContent-Length: ten\r\n\r\n", says: "Content-Length"),
        Case(
            bytes: "POST /tokenize HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            says: "malformed"),
        Case(bytes: "POST /tokenize HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", says: "chunk"),
        Case(
            bytes: "GET /health HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n", says: "too long",
            status: 431),
        Case(bytes: "GET /\(String(repeating: "x", count: 100_000)) HTTP/1.1\r\n\r\n", says: "too long", status: 431),
        Case(
            bytes: "GET /health HTTP/1.1\r\n\(String(repeating: "X: x\r\n", count: 5000))\r\n", says: "too long",
            status: 431),
    ]

    @Test("is refused in OpenAI's form, and the connection ends", arguments: cases)
    func refused(_ bad: Case) async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.send(bad.bytes)
            let reply = try await wire.reply()
            let error = try reply.error
            #expect(reply.status == bad.status && error.type == "invalid_request_error")
            #expect(error.message.contains(bad.says), "\(error.message)")
            #expect(error.code == (bad.status == 431 ? "headers_too_large" : "malformed_request"))
            #expect(reply.headers["connection"] == "close")
            #expect(try await wire.read(count: 1) == nil)
            #expect(try await server.get("/health").status == 200)
        }
    }

    @Test("behind good requests, is refused when those are answered")
    func behind() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            let body = #"{"prompt": "a", "max_tokens": 40, "ignore_eos": true, "stream": true}"#
            try await wire.send(
                "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n" + "nonsense\r\n\r\n")
            let stream = try await wire.reply()
            #expect(stream.status == 200 && stream.events.last == "[DONE]")
            #expect(try await wire.reply().body == #"{"status":"ok"}"#)
            #expect(try await wire.reply().error.code == "malformed_request")
            #expect(try await wire.read(count: 1) == nil)
        }
    }

    @Test("in the middle of a body that somebody reads, is refused at once")
    func inBody() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.send(
                "POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"pr\r\n")
            try await Task.sleep(for: .milliseconds(50))
            try await wire.send("no size\r\n")
            #expect(try await wire.reply().error.code == "malformed_request")
        }
    }
}
