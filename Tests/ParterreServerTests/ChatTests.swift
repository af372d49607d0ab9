import Foundation
import Parterre
import Testing

@testable import ParterreServer

@Suite("POST /v1/chat/completions")
struct ChatTests {
    private static let hello =
        #"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tell me of the sea"}]"#
    /// What the tests' template makes of it, as JSON.
    private static let helloText = #""system: Be brief.\nuser: Tell me of the sea\nassistant:""#

    @Test("answers in OpenAI's form what /v1/completions answers to the rendered text")
    func whole() async throws {
        try await TestServer.runChat { server in
            let sampling = #""max_tokens": 12, "temperature": 0.9, "seed": 3, "n": 2"#
            let reply = try await server.chat(Self.hello, #""model": "tiny", "user": "me", \#(sampling)"#)
            #expect(reply.status == 200 && reply.headers["content-type"] == "application/json")
            let json = try reply.json
            #expect(Set(json.keys) == ["id", "object", "created", "model", "choices", "usage"])
            #expect(json["object"] as? String == "chat.completion" && json["model"] as? String == "tiny")
            #expect((json["id"] as? String)?.hasPrefix("chatcmpl-") == true)
            let choices = try reply.choices
            for choice in choices {
                #expect(Set(choice.keys) == ["index", "message", "logprobs", "finish_reason"])
                #expect(choice["logprobs"] is NSNull)
                let message = try #require(choice["message"] as? [String: Any])
                #expect(Set(message.keys) == ["role", "content", "refusal"])
                #expect(message["role"] as? String == "assistant" && message["refusal"] is NSNull)
            }
            let text = try await server.complete(#"{"prompt": \#(Self.helloText), \#(sampling)}"#)
            #expect(choices.map { $0["index"] as? Int } == [0, 1])
            #expect(try reply.contents == text.choices.map { $0["text"] as? String })
            #expect(
                try choices.map { $0["finish_reason"] as? String }
                    == text.choices.map { $0["finish_reason"] as? String })
            #expect(try reply.usage == text.usage && reply.usage?["completion_tokens"] != nil)
        }
    }

    @Test("a stream says what a whole answer says: who speaks, the text, why it ends, and the usage where it is wanted")
    func stream() async throws {
        try await TestServer.runChat { server in
            let sampling = #""max_tokens": 9, "temperature": 0.9, "seed": 4, "n": 2"#
            let whole = try await server.chat(Self.hello, sampling)
            let stream = try await server.chat(
                Self.hello, sampling + #", "stream": true, "stream_options": {"include_usage": true}"#)
            #expect(stream.status == 200 && stream.headers["content-type"] == "text/event-stream")
            #expect(stream.events.last == "[DONE]")
            let chunks = try stream.chunks
            #expect(chunks.allSatisfy { $0["object"] as? String == "chat.completion.chunk" })
            #expect(Set(chunks.map { $0["id"] as? String }).count == 1)
            #expect(chunks.dropLast().allSatisfy { $0["usage"] is NSNull })
            #expect((chunks.last?["choices"] as? [Any])?.isEmpty == true)
            #expect(try chunks.last?["usage"] as? [String: Int] == whole.usage)

            let choices = chunks.flatMap { $0["choices"] as? [[String: Any]] ?? [] }
            for index in 0..<2 {
                let parts = choices.filter { $0["index"] as? Int == index }
                let deltas = try parts.map { try #require($0["delta"] as? [String: Any]) }
                #expect(deltas.first as? [String: String] == ["role": "assistant", "content": ""])
                #expect(deltas.dropFirst().dropLast().allSatisfy { Set($0.keys) == ["content"] })
                #expect(deltas.last?.isEmpty == true)
                #expect(deltas.compactMap { $0["content"] as? String }.joined() == (try whole.contents[index]))
                #expect(parts.dropLast().allSatisfy { $0["finish_reason"] is NSNull })
                #expect(
                    parts.last?["finish_reason"] as? String == (try whole.choices[index]["finish_reason"] as? String))
            }
            let plain = try await server.chat(Self.hello, sampling + #", "stream": true"#)
            #expect(try plain.chunks.allSatisfy { $0["usage"] == nil })
        }
    }

    @Test("log-probabilities are those of /v1/completions in OpenAI's other form, whole and streamed")
    func logprobs() async throws {
        try await TestServer.runChat { server in
            let sampling = #""max_tokens": 8, "temperature": 0, "ignore_eos": true"#
            func content(_ choice: [String: Any]) throws -> [[String: Any]] {
                let logprobs = try #require(choice["logprobs"] as? [String: Any])
                #expect(Set(logprobs.keys) == ["content", "refusal"])
                return try #require(logprobs["content"] as? [[String: Any]])
            }
            let wanted = #"\#(sampling), "logprobs": true, "top_logprobs": 2"#
            let reply = try await server.chat(Self.hello, wanted)
            let whole = try content(try #require(try reply.choices.first))
            let text = try await server.complete(#"{"prompt": \#(Self.helloText), \#(sampling), "logprobs": 2}"#)
            let told = try #require(try text.choices.first?["logprobs"] as? [String: Any])
            #expect(whole.count == 8)
            #expect(whole.compactMap { $0["token"] as? String } == told["tokens"] as? [String])
            #expect(whole.compactMap { $0["logprob"] as? Double } == told["token_logprobs"] as? [Double])
            let bytes = whole.flatMap { $0["bytes"] as? [Int] ?? [] }.map { UInt8($0) }
            #expect(String(decoding: bytes, as: UTF8.self) == (try reply.contents[0]))
            for (entry, top) in zip(whole, try #require(told["top_logprobs"] as? [[String: Double]])) {
                let alternatives = try #require(entry["top_logprobs"] as? [[String: Any]])
                #expect(alternatives.count == 2)
                #expect(alternatives.allSatisfy { Set($0.keys) == ["token", "logprob", "bytes"] })
                for alternative in alternatives {
                    let token = try #require(alternative["token"] as? String)
                    #expect(alternative["logprob"] as? Double == top[token])
                }
            }
            let stream = try await server.chat(Self.hello, wanted + #", "stream": true"#)
            let parts = try stream.chunks.flatMap { $0["choices"] as? [[String: Any]] ?? [] }
                .filter { $0["logprobs"] is [String: Any] }.flatMap(content)
            #expect(try canonical(parts) == canonical(whole))
            let bare = try await server.chat(Self.hello, sampling + #", "logprobs": true"#)
            #expect(
                try content(bare.choices[0]).allSatisfy { ($0["top_logprobs"] as? [Any])?.isEmpty == true })
        }
    }

    @Test("a stop string ends the message before it, also in a stream")
    func stop() async throws {
        try await TestServer.runChat { server in
            let sampling = #""max_tokens": 30, "temperature": 0, "ignore_eos": true"#
            let text = try #require(try await server.chat(Self.hello, sampling).contents[0])
            let word = try #require(text.split(whereSeparator: { !$0.isLetter }).dropFirst(2).first.map(String.init))
            let cut = try await server.chat(Self.hello, sampling + #", "stop": ["\#(word)"]"#)
            let content = try #require(try cut.contents[0])
            #expect(text.hasPrefix(content + word))
            #expect(try cut.choices[0]["finish_reason"] as? String == "stop")
            let stream = try await server.chat(Self.hello, sampling + #", "stop": "\#(word)", "stream": true"#)
            let deltas = try stream.chunks.flatMap { $0["choices"] as? [[String: Any]] ?? [] }
                .compactMap { ($0["delta"] as? [String: Any])?["content"] as? String }
            #expect(deltas.joined() == content)
        }
    }
}

extension ChatTests {
    /// Ids of what the template makes of the fields.
    private func tokens(_ server: TestServer, _ fields: String) async throws -> [Int] {
        let reply = try await server.post("/tokenize", "{\(fields)}")
        #expect(reply.status == 200, "\(reply.body)")
        let tokens = try #require(try reply.json["tokens"] as? [Int])
        #expect(try reply.json["count"] as? Int == tokens.count)
        return tokens
    }

    @Test("/tokenize shows what the model reads of a chat")
    func tokenize() async throws {
        try await TestServer.runChat { server in
            let tokenizer = try #require(server.engine.tokenizer)
            for (fields, text) in [
                (#""messages": \#(Self.hello)"#, "system: Be brief.\nuser: Tell me of the sea\nassistant:"),
                (
                    #""messages": \#(Self.hello), "add_generation_prompt": false"#,
                    "system: Be brief.\nuser: Tell me of the sea\n"
                ),
                // Parts of a message are its lines; a name is the template's to use.
                (
                    #"""
                    "messages": [{"role": "user", "name": "Tom", "content": [{"type": "text", "text": "a"},
                    {"type": "text", "text": "b"}]}]
                    """#, "user: a\nb\nassistant:"
                ),
                (
                    #""messages": [{"role": "user", "content": "a"}], "chat_template_kwargs": {"mood": "glad "}"#,
                    "glad user: a\nassistant:"
                ),
                (
                    #"""
                    "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "Once upon"}],
                    "continue_final_message": true
                    """#, "user: a\nassistant: Once upon"
                ),
                // Special tokens are recognised where they stand, and none is added.
                (#""messages": [{"role": "user", "content": "</s>"}]"#, "user: </s>\nassistant:"),
            ] {
                #expect(try await tokens(server, fields) == tokenizer.encode(text).map(\.index), "\(fields)")
            }
            let both = try await server.post("/tokenize", #"{"prompt": "a", "messages": []}"#)
            #expect(try both.status == 400 && both.error.param == "messages")
            let neither = try await server.post("/tokenize", "{}")
            #expect(try neither.status == 400 && neither.error.param == "prompt")
        }
    }

    @Test("a message that is continued goes on as its own text does, under its own role")
    func continued() async throws {
        try await TestServer.runChat { server in
            let messages = #"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "Once upon"}]"#
            let sampling = #""max_tokens": 10, "seed": 5"#
            let chat = try await server.chat(messages, sampling + #", "continue_final_message": true"#)
            let text = try await server.complete(#"{"prompt": "user: a\nassistant: Once upon", \#(sampling)}"#)
            #expect(try chat.contents == text.choices.map { $0["text"] as? String })
            let user = try await server.chat(
                #"[{"role": "user", "content": "I like"}]"#, sampling + #", "add_generation_prompt": false"#)
            let message = try #require(try user.choices.first?["message"] as? [String: Any])
            #expect(message["role"] as? String == "user")
        }
    }

    @Test("without max_tokens there are as many as fit, and no more than any limit allows")
    func openEnd() async throws {
        var options = ServerOptions()
        options.limits.chatTokens = 7
        try await TestServer.runChat(options) { server in
            let reply = try await server.chat(Self.hello, #""ignore_eos": true"#)
            #expect(try reply.usage?["completion_tokens"] == 7)
            let asked = try await server.chat(Self.hello, #""ignore_eos": true, "max_completion_tokens": 9"#)
            #expect(try asked.usage?["completion_tokens"] == 9)
        }
        options.limits.newTokens = 5
        options.limits.answerBytes = 8 * 6
        try await TestServer.runChat(options) { server in
            let reply = try await server.chat(Self.hello, #""ignore_eos": true"#)
            #expect(try reply.usage?["completion_tokens"] == 5)
            let two = try await server.chat(Self.hello, #""ignore_eos": true, "n": 2"#)
            #expect(try two.usage?["completion_tokens"] == 6)
            let beyond = try await server.chat(Self.hello, #""max_completion_tokens": 6"#)
            #expect(try beyond.status == 400 && beyond.error.param == "max_completion_tokens")
        }
        var small = TestServer.engineOptions
        small.cacheMemory = .bytes(1 << 20)
        try await TestServer.runChat(engine: small) { server in
            let room = server.engine.memoryPlan.cacheTokens
            try #require(room < 4096)
            let reply = try await server.chat(Self.hello, #""ignore_eos": true"#)
            let usage = try #require(try reply.usage)
            #expect(usage["total_tokens"] == room + 1)
            let beams = try await server.chat(Self.hello, #""ignore_eos": true, "beams": 2"#)
            #expect(beams.status == 200, "\(beams.body)")
            let words = String(repeating: "very ", count: room)
            let long = try await server.chat(#"[{"role": "user", "content": "\#(words)"}]"#)
            #expect(try long.status == 400 && long.error.code == "context_length_exceeded")
            #expect(try long.error.param == "messages")
        }
    }
}

extension ChatTests {
    @Test("what the template refuses is refused in its own words, and what does not fit it is the client's fault")
    func refusals() async throws {
        try await TestServer.runChat { server in
            let wire = try server.wire()
            for (body, param, says) in [
                (#"{"messages": [{"role": "tool", "content": "4"}]}"#, "messages", "There are no tools here."),
                (#"{"messages": []}"#, "messages", "empty"), (#"{}"#, "messages", "missing"),
                (#"{"messages": [{"role": "user"}]}"#, "messages[0].content", "missing"),
                (#"{"messages": [{"role": "user", "content": "a"}], "tools": [{}]}"#, "tools", "not served"),
                (#"{"messages": [{"role": "user", "content": "a"}], "n": 1000000000000000000}"#, "n", "at most"),
                (
                    #"{"messages": [{"role": "user", "content": "a"}], "max_tokens": 2147483647}"#, "messages",
                    "room for"
                ),
                (#"{"messages": [{"role": "user", "content": "a"}], "prompt": "b"}"#, "prompt", "unknown field"),
                (#"{"messages": [{"role": "user", "content": "a"}], "stream": true, "n": 0}"#, "n", "between 1"),
            ] {
                let reply = try await wire.post("/v1/chat/completions", body)
                #expect(reply.status == 400, "\(body)")
                let error = try reply.error
                #expect(error.type == "invalid_request_error" && error.param == param, "\(body): \(error)")
                #expect(error.message.contains(says), "\(body): \(error.message)")
            }
            let other = try await server.chat(Self.hello, #""model": "gpt-4""#)
            #expect(try other.status == 404 && other.error.code == "model_not_found")
            #expect(await server.engine.status().steps == 0)
            #expect(try await server.chat(Self.hello, #""max_tokens": 1"#).status == 200)
        }
        try await TestServer.runChat(template: "{{ messages[0].content.no.such }}") { server in
            let reply = try await server.chat(Self.hello)
            #expect(try reply.status == 400 && reply.error.param == "messages")
            #expect(try reply.error.code == "messages_do_not_fit")
        }
        try await TestServer.runChat(template: "{{ nothing }}") { server in
            let reply = try await server.chat(Self.hello)
            #expect(try reply.status == 400 && reply.error.message.contains("empty"))
        }
    }

    @Test("a model without a template says so before all else")
    func noTemplate() async throws {
        try await TestServer.run { server in
            for body in [#"{"messages": []}"#, #"{"messages": [{"role": "user", "content": "a"}]}"#] {
                let reply = try await server.post("/v1/chat/completions", body)
                #expect(try reply.status == 400 && reply.error.code == "no_chat_template")
            }
            let reply = try await server.post(
                "/tokenize", #"{"messages": [{"role": "user", "content": "a"}]}"#)
            #expect(try reply.status == 400 && reply.error.code == "no_chat_template")
        }
    }

    @Test("a client that hangs up in the middle of an answer frees its blocks", arguments: [true, false])
    func hangUp(streams: Bool) async throws {
        try await TestServer.runChat { server in
            let wire = try server.wire()
            try await wire.sendRequest(
                "POST", "/v1/chat/completions",
                body: #"""
                    {"messages": \#(Self.hello), "max_tokens": 4000, "ignore_eos": true, "stream": \#(streams)}
                    """#)
            try await server.wait(for: "tokens are generated") { $0.generatedTokens > 10 }
            wire.hangUp()
            try await server.wait(for: "the blocks are free") { $0.cacheBlocksUsed == 0 }
            #expect(await server.engine.status().generatedTokens < 4000)
        }
    }
}
