import Forms
import Parterre
import Testing

@testable import BatchFiles

@Suite("A line of input")
struct RequestLineTests {
    private func parse(_ text: String, defaults: RequestOptions = RequestOptions()) -> Result<RequestLine, BadLine> {
        RequestLine.parse(Array(text.utf8), number: 7, defaults: defaults)
    }

    private func error(_ text: String) -> String? {
        if case .failure(let bad) = parse(text) { bad.error.message } else { nil }
    }

    @Test("says its id and its prompt") func idAndPrompt() throws {
        let line = try parse(#"{"id": "a", "prompt": "Größe 🌱"}"#).get()
        #expect(line.id == .string("a"))
        #expect(line.number == 7)
        #expect(line.content == .native(.text("Größe 🌱"), RequestOptions()))
        #expect(line.form == .native)
        let tokens = try parse(#"{"id": 18446744073709551615, "prompt_token_ids": [1, 0, 250679]}"#).get()
        #expect(tokens.id == .unsigned(.max))
        #expect(tokens.content == .native(.tokens([1, 0, 250_679]), RequestOptions()))
    }

    @Test("goes by its number without an id") func idFromNumber() throws {
        #expect(try parse(#"{"prompt": "x"}"#).get().id == .integer(7))
        #expect(try parse(#"{"id": null, "prompt": "x"}"#).get().id == .integer(7))
    }

    @Test("says its priority and its deadline, or leaves them to the options") func urgency() throws {
        var defaults = RequestOptions()
        defaults.priority = 4
        defaults.deadline = .seconds(9)
        let given = try parse(#"{"prompt": "x", "priority": -3, "deadline": 0.25}"#, defaults: defaults).get()
        let request = given.options.request(.text("x"))
        #expect(request.priority == -3 && request.deadline == .milliseconds(250))
        let other = try parse(#"{"prompt": "x"}"#, defaults: defaults).get().options.request(.text("x"))
        #expect(other.priority == 4 && other.deadline == .seconds(9))
        #expect(error(#"{"prompt": "x", "priority": 1.5}"#) == "priority: must be a whole number")
        #expect(error(#"{"prompt": "x", "deadline": "soon"}"#) == "deadline: must be a number of seconds")
        #expect(error(#"{"prompt": "x", "deadline": 1e300}"#) == "deadline: must be a number of seconds")
    }

    @Test("overrides the options field by field") func overrides() throws {
        var defaults = RequestOptions()
        defaults.parameters.maxTokens = 5
        defaults.parameters.temperature = 0.5
        defaults.n = 2
        let line = try parse(
            """
            {"prompt": "x", "temperature": 1, "top_k": -1, "top_p": 0.9, "min_p": 0.1, "seed": -1, "stop": "END",
             "stop_token_ids": [3], "logprobs": 0, "ignore_eos": true, "repetition_penalty": 1.2,
             "presence_penalty": -2, "frequency_penalty": 0.5, "logit_bias": {"5": -100}, "min_tokens": 1}
            """, defaults: defaults
        ).get()
        var wanted = SamplingParameters()
        wanted.maxTokens = 5
        wanted.temperature = 1
        wanted.topK = -1
        wanted.topP = 0.9
        wanted.minP = 0.1
        wanted.seed = .max
        wanted.stop = ["END"]
        wanted.stopTokenIDs = [3]
        wanted.logprobs = 0
        wanted.ignoreEOS = true
        wanted.repetitionPenalty = 1.2
        wanted.presencePenalty = -2
        wanted.frequencyPenalty = 0.5
        wanted.logitBias = [5: -100]
        wanted.minTokens = 1
        #expect(line.options.parameters == wanted)
        #expect(line.options.n == 2)
        #expect(
            try parse(#"{"prompt": "x", "max_tokens": null}"#, defaults: defaults).get().options.parameters.maxTokens
                == 5)
    }

    @Test(
        "that is wrong says which field and why",
        arguments: [
            (#"{"prompt": "x", "max_token": 5}"#, "max_token: unknown field"),
            (#"{"prompt": "x", "\n\u001b[2J": 5}"#, #"\n\u{1B}[2J: unknown field"#),
            (#"{"prompt": "x", "logit_bias": {"\n": 1}}"#, #"logit_bias: "\n" is not a token id"#),
            (#"{"prompt": "x", "max_tokens": "5"}"#, "max_tokens: must be a whole number"),
            (#"{"prompt": "x", "max_tokens": true}"#, "max_tokens: must be a whole number"),
            (#"{"prompt": "x", "max_tokens": 1.5}"#, "max_tokens: must be a whole number"),
            (#"{"prompt": "x", "ignore_eos": 1}"#, "ignore_eos: must be true or false"),
            (#"{"prompt": "x", "temperature": 1e400}"#, "temperature: must be a number"),
            (#"{"prompt": "x", "stop": ["a", 1]}"#, "stop: must be a string or an array of strings"),
            (#"{"prompt": "x", "logit_bias": {"a": 1}}"#, #"logit_bias: "a" is not a token id"#),
            (#"{"prompt": "x", "seed": 1.5}"#, "seed: must be a whole number of 64 bits"),
            (#"{"prompt": ""}"#, "prompt: is empty"),
            (#"{"prompt": []}"#, "prompt: is empty"),
            (#"{"prompt_token_ids": []}"#, "prompt_token_ids: is empty"),
            (#"{"prompt_token_ids": [1, -1]}"#, "prompt_token_ids: -1 is not a token id"),
            (#"{"prompt_token_ids": [1, 99999999999]}"#, "prompt_token_ids: must be an array of token ids"),
            (#"{"prompt_token_ids": "1"}"#, "prompt_token_ids: must be an array of token ids"),
            (#"{"prompt": ["a", "b"]}"#, "prompt: must be one prompt: give each its own line"),
            (#"{"prompt": "x", "prompt_token_ids": [1]}"#, "prompt: and prompt_token_ids exclude each other"),
            (#"{"id": 1}"#, "prompt: is missing (or prompt_token_ids)"),
            (#"{"id": [1], "prompt": "x"}"#, "id: must be a string or a number"),
            (#"{"id": true, "prompt": "x"}"#, "id: must be a string or a number"),
            (#"{"prompt": "x", "echo": true}"#, "echo: is not served: the answer holds the continuation alone"),
            (#"{"prompt": "x", "stream": true}"#, "stream: is not served: a batch line is answered whole"),
            (#"{"prompt": "x", "n": 2, "best_of": 3}"#, "best_of: is not served unless it equals n"),
            (#"{"prompt": "x", "suffix": "y"}"#, "suffix: is not served: the model only continues a text"),
            (#"{"prompt": "x""#, "the line is not valid JSON"),
            (#"{"prompt": "x"} {}"#, "the line is not valid JSON"),
            (#"["x"]"#, "the line is not a JSON object"),
            (#""x""#, "the line is not a JSON object"),
        ])
    func wrong(_ text: String, _ message: String) {
        #expect(error(text) == message)
    }

    @Test("may state what changes nothing") func neutralFields() throws {
        let line = try parse(
            #"{"prompt": "x", "echo": false, "stream": false, "n": 2, "best_of": 2, "suffix": null}"#
        ).get()
        #expect(line.options.n == 2)
    }

    @Test("keeps its id when another field is wrong") func badLineKeepsItsID() {
        guard case .failure(let bad) = parse(#"{"top_k": "x", "prompt": "x", "id": "a"}"#) else {
            Issue.record("the line was taken")
            return
        }
        #expect(bad.id == .string("a"))
        #expect(bad.number == 7)
    }

    @Test("must be UTF-8") func invalidUTF8() {
        let bytes = Array(#"{"prompt": ""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
        guard case .failure(let bad) = RequestLine.parse(bytes, number: 1) else {
            Issue.record("the line was taken")
            return
        }
        #expect(bad.error.message == "the line is not UTF-8")
    }
}

@Suite("A line in OpenAI's batch form")
struct OpenAIRequestLineTests {
    private func parse(
        _ text: String, _ defaults: RequestOptions = RequestOptions()
    ) -> Result<RequestLine, BadLine> {
        RequestLine.parse(Array(text.utf8), number: 3, defaults: defaults)
    }

    private func completion(_ line: RequestLine) throws -> CompletionRequest {
        guard case .openAIBatch(.completion(let request)) = line.content else {
            throw FieldError("it is no completion")
        }
        return request
    }

    @Test("gives the request of its body") func body() throws {
        let line = try parse(
            """
            {"custom_id": "r1", "method": "POST", "url": "/v1/completions",
             "body": {"model": "bloom", "prompt": "Once", "max_tokens": 9, "user": "u", "logprobs": 2}}
            """
        ).get()
        #expect(line.id == .string("r1"))
        #expect(line.form == .openAIBatch)
        let request = try completion(line)
        #expect(request.model == "bloom" && request.prompts == [.text("Once")])
        #expect(line.options.parameters.maxTokens == 9)
        #expect(line.options.parameters.logprobs == 2)
    }

    @Test("may hold several prompts, as texts or as tokens") func severalPrompts() throws {
        let texts = try parse(#"{"custom_id": "r", "body": {"prompt": ["a", "b"]}}"#).get()
        #expect(try completion(texts).prompts == [.text("a"), .text("b")])
        let tokens = try parse(#"{"custom_id": "r", "body": {"prompt": [[1, 2], [3]]}}"#).get()
        #expect(try completion(tokens).prompts == [.tokens([1, 2]), .tokens([3])])
        let one = try parse(#"{"custom_id": "r", "body": {"prompt": [1, 2]}}"#).get()
        #expect(try completion(one).prompts == [.tokens([1, 2])])
    }

    @Test("takes what its endpoint takes, and the options for what it does not say") func endpointFields() throws {
        var defaults = RequestOptions()
        defaults.parameters.maxTokens = 33
        defaults.parameters.temperature = 0.5
        let echo = try parse(
            #"{"custom_id": "r", "body": {"prompt": "x", "echo": true, "best_of": 3, "n": 2}}"#, defaults
        ).get()
        let request = try completion(echo)
        #expect(request.echo && request.bestOf == 3 && echo.options.n == 2)
        #expect(echo.options.parameters.maxTokens == 33 && echo.options.parameters.temperature == 0.5)
    }

    @Test("may be a chat", arguments: [#""url": "/v1/chat/completions", "#, ""]) func chat(_ url: String) throws {
        var defaults = RequestOptions()
        defaults.parameters.maxTokens = 33
        let line = try parse(
            #"{"custom_id": "r", \#(url)"body": {"messages": [{"role": "user", "content": "Hi"}]}}"#, defaults
        ).get()
        guard case .openAIBatch(.chat(let chat)) = line.content else {
            Issue.record("it is no chat")
            return
        }
        #expect(chat.prompt.messages == [.init(role: "user", texts: ["Hi"])])
        #expect(chat.maxTokens == nil && line.options.parameters.maxTokens == 33)
    }

    @Test(
        "that is wrong says which field and why",
        arguments: [
            (#"{"custom_id": "r", "method": "GET", "body": {"prompt": "x"}}"#, "method: must be POST"),
            (
                #"{"custom_id": "r", "url": "/v1/embeddings", "body": {"input": "x"}}"#,
                "url: must be /v1/completions or /v1/chat/completions"
            ),
            (
                #"{"custom_id": "r", "url": "/v1/chat/completions", "body": {"messages": []}}"#,
                "body.messages: is empty"
            ),
            (
                #"{"custom_id": "r", "url": "/v1/completions", "body": {"messages": []}}"#,
                "body.messages: unknown field"
            ),
            (
                #"{"custom_id": "r", "body": {"prompt": "x", "stream": true}}"#,
                "body.stream: is not served in a batch: its answer is whole"
            ),
            (
                #"{"custom_id": "r", "body": {"prompt": "x", "n": 3, "best_of": 2}}"#,
                "body.best_of: must be between n (3) and \(SamplingParameters.mostSamples), but is 2"
            ),
            (#"{"custom_id": 5, "body": {"prompt": "x"}}"#, "custom_id: must be a string"),
            (#"{"body": {"prompt": "x"}}"#, "custom_id: must be a string"),
            (#"{"custom_id": "r"}"#, "body: is missing"),
            (#"{"custom_id": "r", "body": "x"}"#, "body: must be an object"),
            (#"{"custom_id": "r", "body": {"prompt": "x", "max_token": 1}}"#, "body.max_token: unknown field"),
            (#"{"custom_id": "r", "body": {"prompt": ["a", ""]}}"#, "body.prompt: is empty"),
            (
                #"{"custom_id": "r", "body": {"prompt": "x", "logprobs": true}}"#,
                "body.logprobs: must be a whole number"
            ),
        ])
    func wrong(_ text: String, _ message: String) {
        guard case .failure(let bad) = parse(text) else {
            Issue.record("the line was taken")
            return
        }
        #expect(bad.error.message == message)
        guard case .openAIBatch = bad.form else {
            Issue.record("it is answered in the native form")
            return
        }
    }
}
