import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("POST /v1/completions")
struct CompletionsTests {
    @Test("answers in OpenAI's form what the engine generates")
    func whole() async throws {
        try await TestServer.run { server in
            let reply = try await server.complete(
                #"{"model": "tiny", "prompt": "Once upon a time", "max_tokens": 12, "seed": 3, "user": "me"}"#)
            #expect(reply.status == 200 && reply.headers["content-type"] == "application/json")
            let json = try reply.json
            #expect(Set(json.keys) == ["id", "object", "created", "model", "choices", "usage"])
            #expect(json["object"] as? String == "text_completion" && json["model"] as? String == "tiny")
            let choice = try #require((json["choices"] as? [[String: Any]])?.first)
            #expect(Set(choice.keys) == ["index", "text", "logprobs", "finish_reason"])

            var parameters = server.engine.samplingDefaults
            parameters.maxTokens = 12
            parameters.seed = 3
            let wanted = try await server.engine.complete(
                GenerationRequest("Once upon a time", parameters: parameters))[0]
            #expect(choice["text"] as? String == wanted.text)
            #expect(choice["finish_reason"] as? String == wanted.finishReason.rawValue)
            let usage = try #require(json["usage"] as? [String: Int])
            #expect(usage["completion_tokens"] == wanted.completionTokens)
            #expect(usage["prompt_tokens"] == wanted.promptTokens)
            #expect(usage["total_tokens"] == wanted.promptTokens + wanted.completionTokens)
        }
    }
}

extension CompletionsTests {
    private func texts(_ reply: Reply) throws -> [String] {
        let choices = try #require(try reply.json["choices"] as? [[String: Any]])
        #expect(choices.map { $0["index"] as? Int } == Array(0..<choices.count))
        return choices.compactMap { $0["text"] as? String }
    }

    @Test("a prompt may be a text, token ids, or a list of either; choices are counted prompt by prompt")
    func prompts() async throws {
        try await TestServer.run { server in
            let tokenizer = try #require(server.engine.tokenizer)
            let ids = ["The sea", "A tree"].map { tokenizer.encode($0).map(\.index) }
            let rest = #""max_tokens": 6, "seed": 5, "temperature": 0.9"#
            let one = try texts(try await server.complete(#"{"prompt": "The sea", \#(rest), "n": 2}"#))
            let other = try texts(try await server.complete(#"{"prompt": "A tree", \#(rest), "n": 2}"#))
            #expect(one.count == 2 && other.count == 2 && one[0] != one[1])
            for prompt in [#"["The sea", "A tree"]"#, "\(ids)"] {
                let both = try texts(try await server.complete(#"{"prompt": \#(prompt), \#(rest), "n": 2}"#))
                #expect(both == one + other, "\(prompt)")
            }
            #expect(try texts(try await server.complete(#"{"prompt": \#(ids[1]), \#(rest), "n": 2}"#)) == other)
            #expect(
                try texts(try await server.complete(#"{"prompt_token_ids": \#(ids[1]), \#(rest), "n": 2}"#)) == other)
        }
    }

    @Test("without a seed every answer is drawn anew; with one it is the same again")
    func seeds() async throws {
        try await TestServer.run { server in
            let body = #"{"prompt": "The", "max_tokens": 24, "temperature": 1, "n": 1"#
            let drawn = try await (0..<4).asyncMap { _ in try texts(try await server.complete(body + "}")) }
            #expect(Set(drawn).count > 1)
            let seeded = try await (0..<2).asyncMap { _ in
                try texts(try await server.complete(body + #", "seed": 7}"#))
            }
            #expect(seeded[0] == seeded[1])
        }
    }

    @Test("of best_of samples the n likeliest per token are answered, and all are counted")
    func bestOf() async throws {
        try await TestServer.run { server in
            var parameters = server.engine.samplingDefaults
            parameters.maxTokens = 8
            parameters.seed = 11
            parameters.temperature = 1.2
            parameters.logprobs = 0
            let all = try await server.engine.complete(
                GenerationRequest("Once", parameters: parameters, n: 5))
            func mean(_ completion: Completion) -> Float {
                (completion.logprobs ?? []).reduce(0) { $0 + $1.logprob } / Float(completion.completionTokens)
            }
            let best = all.sorted { mean($0) > mean($1) }.prefix(2).map(\.text)
            let reply = try await server.complete(
                #"{"prompt": "Once", "max_tokens": 8, "seed": 11, "temperature": 1.2, "best_of": 5, "n": 2}"#)
            #expect(try texts(reply) == Array(best))
            let choices = try #require(try reply.json["choices"] as? [[String: Any]])
            #expect(choices.allSatisfy { $0["logprobs"] is NSNull })
            let usage = try #require(try reply.json["usage"] as? [String: Int])
            #expect(usage["completion_tokens"] == all.reduce(0) { $0 + $1.completionTokens })
        }
    }

    @Test("an echo puts the prompt's text in front, also of token ids, also alone")
    func echo() async throws {
        try await TestServer.run { server in
            let tokenizer = try #require(server.engine.tokenizer)
            let rest = #""max_tokens": 5, "seed": 2"#
            let plain = try texts(try await server.complete(#"{"prompt": "The sea", \#(rest)}"#))[0]
            for prompt in [#""The sea""#, "\(tokenizer.encode("The sea").map(\.index))"] {
                let echoed = try texts(try await server.complete(#"{"prompt": \#(prompt), \#(rest), "echo": true}"#))
                #expect(echoed == ["The sea" + plain])
            }
            let alone = try await server.complete(#"{"prompt": ["The sea", "A"], "max_tokens": 0, "echo": true}"#)
            #expect(try texts(alone) == ["The sea", "A"])
            let usage = try #require(try alone.json["usage"] as? [String: Int])
            #expect(usage["completion_tokens"] == 0 && (usage["prompt_tokens"] ?? 0) > 1)
        }
    }

    @Test("a stop string, a bias and a filter are obeyed")
    func sampling() async throws {
        try await TestServer.run { server in
            let tokenizer = try #require(server.engine.tokenizer)
            let token = try #require(tokenizer.encode(" house").first)
            let biased = try await server.complete(
                #"{"prompt": "The", "max_tokens": 3, "temperature": 0, "logit_bias": {"\#(token)": 100}, "repetition_penalty": 1}"#
            )
            let piece = tokenizer.decode([token])
            #expect(try texts(biased) == [String(repeating: piece, count: 3)])
            let whole = try texts(
                try await server.complete(#"{"prompt": "The", "max_tokens": 20, "temperature": 0}"#))[0]
            let word = try #require(whole.split(separator: " ").dropFirst(2).first.map(String.init))
            let cut = try await server.complete(
                #"{"prompt": "The", "max_tokens": 20, "temperature": 0, "stop": "\#(word)"}"#)
            #expect(whole.hasPrefix(try texts(cut)[0] + word))
            let choice = try #require((try cut.json["choices"] as? [[String: Any]])?.first)
            #expect(choice["finish_reason"] as? String == "stop")
        }
    }

    @Test("log-probabilities come in OpenAI's form, with where each token begins")
    func logprobs() async throws {
        try await TestServer.run { server in
            let reply = try await server.complete(
                #"{"prompt": "The sea", "max_tokens": 6, "logprobs": 2, "temperature": 0}"#)
            let choice = try #require((try reply.json["choices"] as? [[String: Any]])?.first)
            let logprobs = try #require(choice["logprobs"] as? [String: Any])
            let tokens = try #require(logprobs["tokens"] as? [String])
            #expect(tokens.count == 6 && tokens.joined() == choice["text"] as? String)
            let offsets = try #require(logprobs["text_offset"] as? [Int])
            #expect(offsets == tokens.indices.map { tokens[..<$0].joined().unicodeScalars.count })
            let values = try #require(logprobs["token_logprobs"] as? [Double])
            let top = try #require(logprobs["top_logprobs"] as? [[String: Double]])
            #expect(values.allSatisfy { $0 <= 0 } && top.allSatisfy { $0.count == 2 })
        }
    }
}

extension CompletionsTests {
    @Test("an echo with log-probabilities has those of the prompt too, the first none; whole, alone and streamed")
    func echoLogprobs() async throws {
        try await TestServer.run { server in
            let tokenizer = try #require(server.engine.tokenizer)
            let prompt = tokenizer.encode("The little dog ran")
            let body = #""logprobs": 1, "echo": true, "temperature": 0}"#
            let reply = try await server.complete(#"{"prompt": \#(prompt.map(\.index)), "max_tokens": 3, \#(body)"#)
            let choice = try #require((try reply.json["choices"] as? [[String: Any]])?.first)
            let logprobs = try #require(choice["logprobs"] as? [String: Any])
            let tokens = try #require(logprobs["tokens"] as? [String])
            #expect(tokens.count == prompt.count + 3 && tokens.joined() == choice["text"] as? String)
            let values = try #require(logprobs["token_logprobs"] as? [Any])
            let top = try #require(logprobs["top_logprobs"] as? [Any])
            #expect(values.count == tokens.count && values[0] is NSNull && top[0] is NSNull)

            let score = try await server.engine.score(.tokens(prompt))
            #expect(
                values.dropFirst().prefix(prompt.count - 1).compactMap { ($0 as? NSNumber)?.floatValue }
                    == score.logprobs.compactMap { $0?.logprob })
            // What a greedy text chose is what lm-evaluation-harness takes for greedy.
            for (token, top) in zip(tokens, top).suffix(3) {
                let likeliest = try #require(top as? [String: Double]).max { $0.value < $1.value }
                #expect(likeliest?.key == token)
            }
            let alone = try await server.complete(#"{"prompt": "The little dog ran", "max_tokens": 0, \#(body)"#)
            let first = try #require((try alone.json["choices"] as? [[String: Any]])?.first)
            #expect(first["text"] as? String == "The little dog ran" && first["finish_reason"] as? String == "length")
            let scored = try #require((first["logprobs"] as? [String: Any])?["token_logprobs"] as? [Any])
            #expect(scored.count == prompt.count)

            let stream = try await server.complete(
                #"{"prompt": "The little dog ran", "max_tokens": 3, "stream": true, \#(body)"#)
            let parts = try stream.chunks.flatMap { $0["choices"] as? [[String: Any]] ?? [] }
            #expect(parts.compactMap { $0["text"] as? String }.joined() == choice["text"] as? String)
            let streamed = parts.compactMap { $0["logprobs"] as? [String: Any] }
            #expect(streamed.flatMap { $0["tokens"] as? [String] ?? [] } == tokens)
            #expect(streamed.flatMap { $0["text_offset"] as? [Int] ?? [] } == logprobs["text_offset"] as? [Int])
        }
    }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
