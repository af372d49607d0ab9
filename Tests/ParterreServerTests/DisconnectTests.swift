import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("Clients that hang up, and clients that do not read")
struct DisconnectTests {
    private static let endless = #""max_tokens": 4000, "ignore_eos": true"#

    @Test("a client that hangs up while its prompt is computed frees its blocks", arguments: [true, false])
    func midPrefill(streams: Bool) async throws {
        var engine = TestServer.engineOptions
        // A step for each token of the prompt.
        engine.prefillChunk = 1
        try await TestServer.run(engine: engine) { server in
            let wire = try server.wire()
            let ids = (0..<3000).map { 5 + $0 % 900 }
            try await wire.sendRequest(
                "POST", "/v1/completions", body: #"{"prompt": \#(ids), "max_tokens": 4, "stream": \#(streams)}"#)
            try await server.wait(for: "the prompt is begun") { $0.cacheBlocksUsed > 0 }
            wire.hangUp()
            try await server.wait(for: "the blocks are free") { $0.cacheBlocksUsed == 0 }
            let status = await server.engine.status()
            #expect(status.generatedTokens == 0 && status.promptTokens < 3000 && status.runningSequences == 0)
            #expect(try await server.complete(#"{"prompt": "a", "max_tokens": 1}"#).status == 200)
        }
    }

    @Test("a client that hangs up in the middle of its text frees its blocks", arguments: [true, false])
    func midDecode(streams: Bool) async throws {
        try await TestServer.run { server in
            let wire = try server.wire()
            try await wire.sendRequest(
                "POST", "/v1/completions", body: #"{"prompt": ["a", "b"], \#(Self.endless), "stream": \#(streams)}"#)
            try await server.wait(for: "tokens are generated") { $0.generatedTokens > 10 }
            wire.hangUp()
            try await server.wait(for: "the blocks are free") { $0.cacheBlocksUsed == 0 }
            let status = await server.engine.status()
            #expect(status.generatedTokens < 8000 && status.runningSequences == 0 && status.waitingSequences == 0)
        }
    }

    @Test("a client that does not read is hung up on, holds no blocks, and others are served meanwhile")
    func slowReader() async throws {
        var options = ServerOptions()
        options.streamBytes = 32 << 10
        try await TestServer.run(options) { server in
            let slow = try server.wire(receiveBuffer: 4096)
            // Some 6 MB of log-probabilities: more than the system keeps for a client.
            try await slow.sendRequest(
                "POST", "/v1/completions",
                body: #"{"prompt": "a", \#(Self.endless), "logprobs": 20, "stream": true}"#)
            try await server.wait(for: "the stream is begun") { $0.generatedTokens > 0 }
            let other = try await server.complete(#"{"prompt": "b", "max_tokens": 50, "ignore_eos": true}"#)
            #expect(other.status == 200)
            try await server.wait(for: "the slow reader is given up") { $0.cacheBlocksUsed == 0 }
            let status = await server.engine.status()
            #expect(status.generatedTokens < 4000)
        }
    }

    @Test("a stalled client whose text is complete is hung up on after a while")
    func stalled() async throws {
        var options = ServerOptions()
        options.stallTime = .milliseconds(300)
        options.streamBytes = 64 << 20
        try await TestServer.run(options) { server in
            let stalled = try server.wire(receiveBuffer: 4096)
            try await stalled.sendRequest(
                "POST", "/v1/completions",
                body: #"{"prompt": "a", \#(Self.endless), "logprobs": 20, "stream": true}"#)
            try await server.wait(for: "the text is begun") { $0.cacheBlocksUsed > 0 }
            try await server.wait(for: "the text has ended") { $0.cacheBlocksUsed == 0 }
            try await Task.sleep(for: .seconds(1))
            // What the system kept is there, the end is not.
            let head = try await stalled.head()
            #expect(head.status == 200)
            var last: String? = ""
            while let chunk = try? await stalled.chunk() { last = chunk.isEmpty ? last : chunk }
            #expect(last?.contains("[DONE]") == false)
        }
    }
}
