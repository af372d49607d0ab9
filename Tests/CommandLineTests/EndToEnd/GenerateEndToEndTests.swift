import BatchFiles
import Forms
import Foundation
import Testing

@testable import ParterreCLI

@Suite("parterre generate, end to end")
struct GenerateEndToEndTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func generate(_ arguments: String..., input: String = "") async throws -> Program.Outcome {
        try await Program.run(["generate"] + place.modelOptions + arguments, input: input)
    }

    private struct Sample: Decodable, Equatable {
        var id: LineID
        var index: Int
        var text: String
        var tokenIds: [Int]
        var finishReason: String
        var promptTokens: Int
        var completionTokens: Int
        var logprobs: [Logprob]?

        struct Logprob: Decodable, Equatable {
            var tokenId: Int
            var logprob: Float
            var top: [Alternative]

            struct Alternative: Decodable, Equatable {
                var tokenId: Int
                var logprob: Float
            }
        }
    }

    private func samples(_ outcome: Program.Outcome) throws -> [Sample] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try outcome.lines.map { try decoder.decode(Sample.self, from: Data($0.utf8)) }
    }

    @Test("prompts given as arguments are answered as text, and as lines with --json")
    func arguments() async throws {
        let text = try await generate("ab", "--max-tokens", "6", "--ignore-eos")
        #expect(text.code == 0, "\(text.errors)")
        let lines = try await generate("ab", "--max-tokens", "6", "--ignore-eos", "--json")
        #expect(lines.code == 0, "\(lines.errors)")
        let sample = try #require(try samples(lines).first)
        #expect(sample.id == .integer(1) && sample.index == 0)
        #expect(sample.completionTokens == 6)
        #expect(sample.promptTokens == 2)
        #expect(sample.finishReason == "length")
        #expect(text.output == "ab\(sample.text)\n")
        let several = try await generate("ab", "cd", "--n", "2", "--max-tokens", "3", "--temperature", "1")
        #expect(several.output.contains("=== 1/2, sample 1/2 ===\nab"))
        #expect(several.output.contains("=== 2/2, sample 2/2 ===\ncd"))
    }

    @Test("lines from a pipe are answered with their ids; alone and in a batch to the same bits")
    func linesFromPipe() async throws {
        let requests = (0..<6).map {
            #"{"id": "r\#($0)", "prompt": "\#(String(repeating: "ab ", count: $0 + 1))", "seed": \#($0), "logprobs": 2}"#
        }
        let options = ["--max-tokens", "5", "--temperature", "0.8", "--ignore-eos"]
        let arguments = ["generate"] + place.modelOptions + options
        let batch = try await Program.run(arguments, input: requests.joined(separator: "\n"))
        #expect(batch.code == 0, "\(batch.errors)")
        let together = try samples(batch)
        #expect(Set(together.map(\.id.name)) == Set((0..<6).map { "r\($0)" }))
        #expect(together.allSatisfy { $0.logprobs?.count == 5 && $0.logprobs?.first?.top.count == 2 })
        for index in [0, 5] {
            let alone = try samples(try await Program.run(arguments, input: requests[index]))
            #expect(alone == together.filter { $0.id == .string("r\(index)") })
        }
        let odd = try await Program.run(
            arguments + ["--batching", "static", "--max-batch", "2", "--prefill-chunk", "3", "--block-size", "16"],
            input: requests.joined(separator: "\n") + "\n")
        #expect(Set(odd.lines) == Set(batch.lines))
    }

    @Test("lines of a file go to a file; an output that is there is refused and stays")
    func files() async throws {
        try place.write(#"{"id": 5, "prompt": "x", "max_tokens": 2}"#, to: "in.jsonl")
        let arguments = ["--input", place.path("in.jsonl"), "--output", place.path("out.jsonl")]
        let first = try await Program.run(["generate"] + place.modelOptions + arguments)
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.output.isEmpty)
        let written = try place.read("out.jsonl")
        #expect(written.hasPrefix(#"{"id":5,"index":0,"text":""#))
        let second = try await Program.run(["generate"] + place.modelOptions + arguments)
        #expect(second.code == 2)
        #expect(second.errors.contains("--resume"))
        #expect(try place.read("out.jsonl") == written)
    }

    @Test("OpenAI's batch lines are answered in their form")
    func openAIBatch() async throws {
        let outcome = try await generate(
            input: """
                {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "prompt": "x", "max_tokens": 3}}
                {"custom_id": "b", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": []}}
                {"custom_id": "c", "method": "POST", "url": "/v1/completions", "body": {"prompt": ["x", "yz"], "n": 2, "max_tokens": 1, "logprobs": 1}}
                """)
        #expect(outcome.code == 1)
        #expect(outcome.lines.count == 3)
        var answers: [String: [String: Any]] = [:]
        for line in outcome.lines {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let response = try #require(object["response"] as? [String: Any])
            answers[object["custom_id"] as? String ?? ""] = response
        }
        #expect(answers["a"]?["status_code"] as? Int == 200)
        let body = try #require(answers["a"]?["body"] as? [String: Any])
        #expect(body["model"] as? String == "m")
        let usage = body["usage"] as? [String: Int]
        #expect(usage?["completion_tokens"] == 3)
        #expect(answers["b"]?["status_code"] as? Int == 400)
        let choices = (answers["c"]?["body"] as? [String: Any])?["choices"] as? [[String: Any]]
        #expect(choices?.compactMap { $0["index"] as? Int } == [0, 1, 2, 3])
        let logprobs = choices?[3]["logprobs"] as? [String: Any]
        let tokens = logprobs?["tokens"] as? [String]
        #expect(tokens?.count == 1)
    }

    @Test("a batch line may be a chat, echo its prompt and pick the best of several samples")
    func openAIFields() async throws {
        try place.write("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}", to: "chat.jinja")
        let messages = #""messages": [{"role": "user", "content": "hi"}]"#
        let outcome = try await generate(
            "--chat-template", place.path("chat.jinja"), "--max-tokens", "7", "--ignore-eos",
            input: """
                {"custom_id": "chat", "url": "/v1/chat/completions", "body": {\(messages)}}
                {"custom_id": "text", "url": "/v1/completions", "body": {"prompt": "[user]hi", "echo": true}}
                {"custom_id": "best", "body": {"prompt": "ab", "n": 1, "best_of": 4, "temperature": 1, "seed": 3}}
                {"custom_id": "all", "body": {"prompt": "ab", "n": 4, "temperature": 1, "seed": 3, "logprobs": 0}}
                """)
        #expect(outcome.code == 0, "\(outcome.errors)")
        struct Line: Decodable {
            struct Response: Decodable { var body: Body }
            struct Body: Decodable {
                var object: String
                var choices: [Choice]
                var usage: Usage?
            }
            struct Usage: Decodable { var completionTokens: Int }
            struct Choice: Decodable {
                struct Message: Decodable { var role, content: String }
                struct Logprobs: Decodable { var tokenLogprobs: [Float] }
                var text: String?
                var message: Message?
                var logprobs: Logprobs?
            }
            var customId: String
            var response: Response
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let lines = try outcome.lines.map { try decoder.decode(Line.self, from: Data($0.utf8)) }
        let bodies = Dictionary(uniqueKeysWithValues: lines.map { ($0.customId, $0.response.body) })
        let chat = try #require(bodies["chat"])
        #expect(chat.object == "chat.completion" && chat.usage?.completionTokens == 7)
        let message = try #require(chat.choices.first?.message)
        #expect(message.role == "assistant" && bodies["text"]?.choices.first?.text == "[user]hi" + message.content)
        let all = try #require(bodies["all"]).choices
        let likeliest = all.max {
            ($0.logprobs?.tokenLogprobs ?? []).reduce(0, +) < ($1.logprobs?.tokenLogprobs ?? []).reduce(0, +)
        }
        let best = try #require(bodies["best"])
        #expect(best.choices.count == 1 && best.usage?.completionTokens == 28)
        #expect(best.choices[0].text == likeliest?.text && Set(all.map(\.text)).count > 1)
    }

    @Test("a template that cannot be read concerns chats alone, unless it was asked for")
    func brokenTemplate() async throws {
        let broken = try Workplace()
        try broken.write("{% for m in messages %}", to: "model/chat_template.jinja")
        let text = #"{"id": "a", "prompt": "x"}"#
        let chat = #"{"custom_id": "b", "body": {"messages": [{"role": "user", "content": "x"}]}}"#
        let arguments = ["generate"] + broken.modelOptions + ["--max-tokens", "2", "--ignore-eos"]
        let outcome = try await Program.run(arguments, input: text + "\n" + chat)
        #expect(outcome.code == 1 && outcome.lines.count == 2)
        #expect(outcome.lines.contains { $0.hasPrefix(#"{"id":"a","index":0"#) }, "\(outcome.output)")
        #expect(outcome.lines.contains { $0.contains("chat_template.jinja") }, "\(outcome.output)")
        let asked = try await Program.run(
            arguments + ["--chat-template", broken.path("model/chat_template.jinja")], input: text)
        #expect(asked.code == 2 && asked.output.isEmpty, "\(asked.errors)")
    }

    @Test("a bad line becomes an error line, and the others go on")
    func badLines() async throws {
        let outcome = try await generate(
            "--max-tokens", "2",
            input: """
                {"id": "ok", "prompt": "x"}
                not JSON

                {"id": "typo", "prompt": "x", "max_token": 2}
                {"id": "ok", "prompt": "again"}
                {"id": "long", "prompt": "x", "max_tokens": 100000000}
                {"id": "range", "prompt": "x", "top_p": 7}
                {"id": "ids", "prompt_token_ids": [264]}
                {"id": "fine", "prompt_token_ids": [5, 263]}
                """)
        #expect(outcome.code == 1)
        let lines = Set(outcome.lines)
        #expect(lines.count == 8)
        for wanted in [
            #"{"id":2,"line":2,"error":{"message":"the line is not valid JSON"}}"#,
            #"{"id":"typo","line":4,"error":{"message":"max_token: unknown field","field":"max_token"}}"#,
            #"{"id":"ok","line":5,"error":{"message":"id: an earlier line has this id","field":"id"}}"#,
        ] {
            #expect(lines.contains(wanted), "\(wanted)")
        }
        for prefix in [
            #"{"id":"ok","index":0"#, #"{"id":"fine","index":0"#, #"{"id":"long","line":6,"error""#,
            #"{"id":"range","line":7,"error""#, #"{"id":"ids","line":8,"error""#,
        ] {
            #expect(lines.contains { $0.hasPrefix(prefix) }, "\(prefix)")
        }
    }

    @Test("a model without tokenizer.json takes token ids and refuses texts")
    func noTokenizer() async throws {
        let bare = try Workplace(tokenizer: false)
        let input = """
            {"id": 1, "prompt_token_ids": [5, 6, 7], "max_tokens": 4, "ignore_eos": true}
            {"id": 2, "prompt": "text"}
            """
        let outcome = try await Program.run(["generate"] + bare.modelOptions, input: input)
        #expect(outcome.code == 1)
        #expect(outcome.lines.contains { $0.hasPrefix(#"{"id":1,"index":0,"text":"","token_ids":["#) })
        #expect(outcome.lines.contains { $0.hasPrefix(#"{"id":2,"line":2"#) && $0.contains("tokenizer.json") })
        let text = try await Program.run(["generate"] + bare.modelOptions + ["Once"])
        #expect(text.code == 2)
        #expect(text.errors.contains("tokenizer.json"))
    }

    @Test("bad usage, a bad model and a bad input end with 2, and nothing is written")
    func unusable() async throws {
        let out = ["--output", place.path("out.jsonl")]
        try place.write(#"{"prompt": "x"}"#, to: "in.jsonl")
        let input = ["--input", place.path("in.jsonl")]
        for arguments in [
            ["--model", place.path("none")] + input + out,
            place.modelOptions + ["--input", place.path("none.jsonl")] + out,
            place.modelOptions + ["--input", place.path("")] + out,
            place.modelOptions + ["--top-p", "7"] + input + out,
            place.modelOptions + ["--block-size", "17"] + input + out,
            place.modelOptions + ["--stop-token-ids", "264"] + input + out,
            place.modelOptions + ["--isa", "none"] + input + out,
            place.modelOptions + ["--cache-memory", "1"] + input + out,
            place.modelOptions + input + ["--output", place.path("none/out.jsonl")],
            place.modelOptions + input + ["--output", place.path("in.jsonl"), "--resume"],
            place.modelOptions + input + out + ["prompt"],
            place.modelOptions + input + ["--resume"],
            place.modelOptions + input + out + ["--frobnicate"],
        ] {
            let outcome = try await Program.run(["generate"] + arguments)
            #expect(outcome.code == 2, "\(arguments): \(outcome.errors)")
            #expect(outcome.output.isEmpty)
            #expect(!outcome.errors.isEmpty)
            #expect(!place.exists("out.jsonl"))
        }
        let weights = URL(filePath: place.model).appending(path: "model.safetensors")
        let bytes = try Data(contentsOf: weights)
        try bytes.prefix(bytes.count - 4).write(to: weights)
        let cut = try await Program.run(["generate"] + place.modelOptions + input + out)
        #expect(cut.code == 2)
        #expect(cut.errors.contains("model.safetensors"))
        #expect(!place.exists("out.jsonl"))
    }

    @Test("a reader that goes away ends the run without a word")
    func brokenPipe() async throws {
        let pipe = Pipe()
        let input = (0..<50).map { #"{"id": \#($0), "prompt": "x", "max_tokens": 4}"# }.joined(separator: "\n")
        try pipe.fileHandleForReading.close()
        let running = try Program.start(
            ["generate", "--quiet"] + place.modelOptions, input: input, output: pipe.fileHandleForWriting)
        let outcome = try await running.outcome()
        #expect(outcome.code == 1)
        #expect(outcome.errors == "")
    }

    @Test("the model that ships with it answers without --model")
    func bundledModel() async throws {
        let outcome = try await Program.run([
            "generate", "Once upon a time", "--max-tokens", "4", "--cache-memory", "16MB", "--threads", "1",
        ])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("Once upon a time"))
        #expect(outcome.output.count > "Once upon a time\n".count)
    }
}
