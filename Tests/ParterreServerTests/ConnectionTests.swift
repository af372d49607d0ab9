import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("Connections")
struct ConnectionTests {
    @Test("serve one request after another, also behind a stream, and echo the request's name")
    func keepAlive() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            for name in ["one", "two-2"] {
                let reply = try await wire.post(
                    "/v1/completions", #"{"prompt": "a", "max_tokens": 2, "stream": true}"#,
                    headers: ["X-Request-Id": name])
                #expect(reply.status == 200 && reply.headers["x-request-id"] == name)
            }
            let unnamed = try await wire.get("/health", headers: ["X-Request-Id": "no good"])
            #expect(unnamed.headers["x-request-id"]?.hasPrefix("req_") == true)
        }
    }

    @Test("are closed when they say nothing for too long, also in the middle of a request")
    func idle() async throws {
        var options = ServerOptions()
        options.idleTime = .milliseconds(200)
        try await TestServer.run(options) { server in
            let silent = try server.wire()
            let half = try server.wire()
            try await half.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
            #expect(try await silent.read(count: 1) == nil)
            #expect(try await half.read(count: 1) == nil)
        }
    }

    @Test("tokens and texts turn into each other")
    func tokenize() async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            let there = try await wire.post("/tokenize", #"{"prompt": "The sea", "return_token_strs": true}"#)
            let tokens = try #require(try there.json["tokens"] as? [Int])
            #expect(try there.json["count"] as? Int == tokens.count)
            #expect((try there.json["token_strs"] as? [String])?.joined() == "The sea")
            #expect(try there.json["max_model_len"] as? Int == server.engine.memoryPlan.cacheTokens)
            let back = try await wire.post("/detokenize", #"{"model": "tiny", "tokens": \#(tokens)}"#)
            #expect(try back.json["prompt"] as? String == "The sea")
            #expect(try await wire.post("/detokenize", #"{"tokens": [99999]}"#).error.param == "tokens")
            #expect(try await wire.post("/tokenize", #"{}"#).error.param == "prompt")
        }
    }
}
