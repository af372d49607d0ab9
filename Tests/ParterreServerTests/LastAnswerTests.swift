import Foundation
import Parterre
import TestSupport
import Testing

@testable import ParterreServer

@Suite("A connection's last answer")
struct LastAnswerTests {
    /// More than the system keeps of what nobody reads.
    private static let megabytes = 16

    /// A server that also waits for a client on a busy machine.
    private static var patient: ServerOptions {
        var options = ServerOptions()
        options.lingerTime = .seconds(600)
        return options
    }

    enum Framing: CaseIterable, Sendable {
        case length, chunks
    }

    /// Sends a whole body of megabytes, and only then reads.
    private static func sendLarge(
        _ wire: Wire, _ path: String, _ framing: Framing, headers: [String] = []
    ) async throws {
        let lines = ["POST \(path) HTTP/1.1", "Host: a"] + headers
        let megabyte = String(repeating: " ", count: 1 << 20)
        switch framing {
        case .length:
            let length = "Content-Length: \(megabytes << 20)"
            try await wire.send((lines + [length]).joined(separator: "\r\n") + "\r\n\r\n")
            for _ in 0..<megabytes { try await wire.send(megabyte) }
        case .chunks:
            try await wire.send((lines + ["Transfer-Encoding: chunked"]).joined(separator: "\r\n") + "\r\n\r\n")
            for _ in 0..<megabytes { try await wire.send("100000\r\n\(megabyte)\r\n") }
            try await wire.send("0\r\n\r\n")
        }
    }

    @Test(
        "arrives whole where the body is too large and the client sends all of it before it reads",
        arguments: Framing.allCases, [[], ["Connection: close"]])
    func tooLarge(framing: Framing, headers: [String]) async throws {
        try await TestServer.run(Self.patient) { server in
            for _ in 0..<3 {
                let wire = try server.wire()
                try await Self.sendLarge(wire, "/v1/completions", framing, headers: headers)
                let reply = try await wire.reply()
                #expect(try reply.status == 413 && reply.error.code == "body_too_large")
                #expect(reply.headers["connection"] == "close")
                #expect(try await wire.read(count: 1) == nil)
            }
        }
    }

    @Test("arrives whole where nobody reads the body", arguments: Framing.allCases)
    func unread(framing: Framing) async throws {
        var options = Self.patient
        options.keys = try KeyRing(["secret-secret-secret"])
        try await TestServer.run(options) { server in
            for (path, status) in [("/v1/completions", 401), ("/v1/nothing", 404), ("/health", 404)] {
                let wire = try server.wire()
                try await Self.sendLarge(wire, path, framing, headers: ["Connection: close"])
                let reply = try await wire.reply()
                #expect(try reply.status == status && !reply.error.message.isEmpty)
            }
        }
    }

    @Test("is followed by the end at once, and whoever goes on sending is cut off after a while")
    func endless() async throws {
        var options = ServerOptions()
        options.limits.bodyBytes = 2000
        options.lingerTime = .milliseconds(300)
        try await TestServer.run(options) { server in
            let wire = try server.wire()
            try await wire.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1000\r\n\(String(repeating: " ", count: 4096))\r\n"
            try await wire.send(chunk)
            #expect(try await wire.reply().status == 413)
            #expect(try await wire.read(count: 1) == nil)
            await #expect(throws: Wire.Failure.self) {
                for _ in 0..<3000 {
                    try await wire.send(chunk)
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test("is followed by a bounded number of bytes")
    func bounded() async throws {
        var options = ServerOptions()
        options.lingerTime = .seconds(600)
        options.lingerBytes = 1 << 20
        try await TestServer.run(options) { server in
            await #expect(throws: Wire.Failure.self) {
                try await Self.sendLarge(try server.wire(), "/v1/completions", .length)
            }
        }
    }

    @Test("does not hold up a server that is told to end")
    func shutdown() async throws {
        var options = ServerOptions()
        options.lingerTime = .seconds(600)
        try await TestServer.run(options) { server in
            let wire = try server.wire()
            try await wire.send("POST /v1/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
            #expect(try await wire.reply().status == 404)
            await server.terminate()
            // The socket is gone when sending to it fails.
            await #expect(throws: Wire.Failure.self) {
                for _ in 0..<3000 {
                    try await wire.send("1")
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test("a client that waits for an invitation gets it, or its refusal without having sent a byte")
    func invitation() async throws {
        var options = ServerOptions()
        options.limits.bodyBytes = 2000
        try await TestServer.run(options) { server in
            let head = "POST /tokenize HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
            let refused = try server.wire()
            try await refused.send(head + "2001\r\n\r\n")
            #expect(try await refused.reply().status == 413)
            #expect(try await refused.read(count: 1) == nil)

            let taken = try server.wire()
            let body = #"{"prompt": "The sea"}"#
            for _ in 0..<2 {
                try await taken.send(head + "\(body.utf8.count)\r\n\r\n")
                #expect(try await taken.head().status == 100)
                try await taken.send(body)
                #expect(try await taken.reply().status == 200)
            }
            // Whoever does not wait is not invited.
            try await taken.send(head + "\(body.utf8.count)\r\n\r\n" + body)
            #expect(try await taken.reply().status == 200)
        }
    }
}
