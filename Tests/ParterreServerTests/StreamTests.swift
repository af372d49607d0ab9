import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("Streams")
struct StreamTests {
    /// The texts of a stream's choices, put together.
    private func texts(_ chunks: [[String: Any]], choices: Int) throws -> [String] {
        var texts = [String](repeating: "", count: choices)
        for chunk in chunks {
            for choice in try #require(chunk["choices"] as? [[String: Any]]) {
                let index = try #require(choice["index"] as? Int)
                texts[index] += try #require(choice["text"] as? String)
            }
        }
        return texts
    }

    @Test("say what a whole answer says, in chunks, and end as OpenAI's do")
    func sameAsWhole() async throws {
        try await TestServer.run { server in
            let body = #"{"prompt": ["The sea", "A tree"], "n": 2, "seed": 4, "max_tokens": 9, "echo": true"#
            let whole = try await server.complete(body + "}")
            let stream = try await server.complete(body + #", "stream": true}"#)
            #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
            #expect(stream.events.last == "[DONE]" && stream.body.hasSuffix("data: [DONE]\n\n"))
            let chunks = try stream.chunks
            for chunk in chunks {
                #expect(Set(chunk.keys) == ["id", "object", "created", "model", "choices"])
                #expect(chunk["object"] as? String == "text_completion")
            }
            #expect(Set(chunks.map { $0["id"] as? String }).count == 1)
            let choices = try #require(try whole.json["choices"] as? [[String: Any]])
            #expect(try texts(chunks, choices: 4) == choices.map { $0["text"] as? String })
            let ends = chunks.flatMap { $0["choices"] as? [[String: Any]] ?? [] }.filter {
                $0["finish_reason"] is String
            }
            #expect(ends.count == 4)
            for end in ends {
                let index = try #require(end["index"] as? Int)
                #expect(end["finish_reason"] as? String == choices[index]["finish_reason"] as? String)
            }
        }
    }

    @Test("include_usage adds a chunk without choices at the end, and a null everywhere before")
    func usage() async throws {
        try await TestServer.run { server in
            let body = #"{"prompt": "The sea", "n": 2, "max_tokens": 5, "ignore_eos": true"#
            let stream = try await server.complete(
                body + #", "stream": true, "stream_options": {"include_usage": true}}"#)
            let chunks = try stream.chunks
            let last = try #require(chunks.last)
            #expect((last["choices"] as? [Any])?.isEmpty == true)
            let usage = try #require(last["usage"] as? [String: Int])
            let whole = try #require(try await server.complete(body + "}").json["usage"] as? [String: Int])
            #expect(usage == whole && usage["completion_tokens"] == 10)
            #expect(chunks.dropLast().allSatisfy { $0["usage"] is NSNull })
        }
    }

    @Test("log-probabilities of a stream are those of the whole, offsets go on")
    func logprobs() async throws {
        try await TestServer.run { server in
            let body = #"{"prompt": "The sea", "max_tokens": 8, "temperature": 0, "logprobs": 1"#
            let reply = try await server.complete(body + "}")
            let whole = try #require(
                (try reply.json["choices"] as? [[String: Any]])?.first?["logprobs"] as? [String: Any])
            let stream = try await server.complete(body + #", "stream": true}"#)
            let parts = try stream.chunks.flatMap { $0["choices"] as? [[String: Any]] ?? [] }
                .compactMap { $0["logprobs"] as? [String: Any] }
            #expect(parts.flatMap { $0["tokens"] as? [String] ?? [] } == whole["tokens"] as? [String])
            #expect(parts.flatMap { $0["text_offset"] as? [Int] ?? [] } == whole["text_offset"] as? [Int])
            #expect(
                parts.flatMap { $0["token_logprobs"] as? [Double] ?? [] } == whole["token_logprobs"] as? [Double])
        }
    }

    @Test("say now and then that they are alive while nothing comes")
    func keepAlive() async throws {
        var options = ServerOptions()
        options.keepAliveTime = .milliseconds(40)
        var engine = TestServer.engineOptions
        engine.prefillChunk = 1
        try await TestServer.run(options, engine: engine) { server in
            let ids = (0..<1500).map { 5 + $0 % 900 }
            let stream = try await server.complete(#"{"prompt": \#(ids), "max_tokens": 2, "stream": true}"#)
            #expect(stream.body.contains(": keep-alive\n\n") && stream.events.last == "[DONE]")
        }
    }
}
