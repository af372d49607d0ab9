import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("Memory for bodies")
struct BodyMemoryTests {
    /// What a body has for nothing.
    private static let free = BodyMemory.freeBytes

    private static func held(_ server: TestServer) async throws -> Double {
        try #require(try Exposition(try await server.get("/metrics").body).value("parterre:body_bytes"))
    }

    /// Wait until so many bytes are counted.
    private static func wait(for bytes: Int, _ server: TestServer) async throws {
        for _ in 0..<3000 {
            if try await held(server) == Double(bytes) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never \(bytes) bytes")
    }

    @Test("counts what is beyond the first bytes of each body, and refuses what finds no room")
    func counts() throws {
        let memory = BodyMemory(limit: 1000)
        let (first, second) = (BodyHold(memory), BodyHold(memory))
        try first.grow(by: Self.free - 1)
        #expect(memory.bytes == 0)
        try first.grow(by: 601)
        #expect(memory.bytes == 600)
        try second.grow(by: Self.free)
        #expect(throws: APIError.self) { try second.grow(by: 401) }
        #expect(memory.bytes == 600)
        try second.grow(by: 400)
        #expect(memory.bytes == 1000)
        first.release()
        first.release()
        #expect(memory.bytes == 400)
        try first.grow(by: 5000)
        #expect(memory.bytes == 400)
        second.release()
        do {
            let third = BodyHold(memory)
            try third.grow(by: Self.free + 7)
            #expect(memory.bytes == 7)
        }
        #expect(memory.bytes == 0)
    }

    @Test("a body that finds no room gets a 503 with a time, small ones are served, and there is room again afterwards")
    func refused() async throws {
        var options = ServerOptions()
        options.limits.bodyBytes = 1 << 20
        options.bodyMemory = 1 << 20
        try await TestServer.run(options) { server in
            let size = 1 << 20
            let head = "POST /tokenize HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n"
            let most = String(repeating: " ", count: size - 10)
            let slow = try server.wire()
            try await slow.send(head + most)
            try await Self.wait(for: size - 10 - Self.free, server)

            let refused = try await server.post("/tokenize", String(repeating: " ", count: size))
            #expect(try refused.status == 503 && refused.error.code == "bodies_too_large")
            #expect(refused.headers["retry-after"] == "1")
            #expect(try await server.post("/tokenize", #"{"prompt": "The sea"}"#).status == 200)

            try await slow.send("          ")
            #expect(try await slow.reply().status == 400)
            try await Self.wait(for: 0, server)
            #expect(try await server.post("/tokenize", most).status == 400)
            try await Self.wait(for: 0, server)
        }
    }

    enum Ending: CaseIterable, Sendable {
        case hangUp, malformed, tooLarge
    }

    @Test("is free again however a body ends", arguments: Ending.allCases)
    func endings(_ ending: Ending) async throws {
        var options = ServerOptions()
        options.limits.bodyBytes = 1 << 20
        try await TestServer.run(options) { server in
            let wire = try server.wire()
            try await wire.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            try await wire.send("80000\r\n\(String(repeating: " ", count: 0x80000))\r\n")
            try await Self.wait(for: 0x80000 - Self.free, server)
            switch ending {
            case .hangUp: wire.hangUp()
            case .malformed: try await wire.send("none\r\n")
            case .tooLarge: try await wire.send("80001\r\n\(String(repeating: " ", count: 0x80001))\r\n")
            }
            try await Self.wait(for: 0, server)
        }
    }

    @Test("does not count a request that runs")
    func running() async throws {
        try await TestServer.run { server in
            // As long as the cache has room for, so that it still runs when it is looked at.
            let tokens = server.engine.memoryPlan.cacheTokens - 100
            let padding = String(repeating: " ", count: 2 * Self.free)
            for streams in [true, false] {
                let wire = try server.wire()
                let body =
                    #"{"prompt": "a", "max_tokens": \#(tokens), "ignore_eos": true, "stream": \#(streams)}"# + padding
                try await wire.sendRequest("POST", "/v1/completions", body: body)
                try await server.wait(for: "the request runs") { $0.runningSequences > 0 }
                try await Self.wait(for: 0, server)
                let status = await server.engine.status()
                #expect(status.runningSequences > 0)
                wire.hangUp()
                try await server.wait(for: "the request is gone") { $0.runningSequences == 0 }
            }
        }
    }
}
