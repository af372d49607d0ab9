import Parterre
import Testing

@testable import Forms

@Suite("The body of a request for a chat's answer")
struct ChatRequestTests {
    private func parse(_ body: String, defaults: RequestOptions = RequestOptions()) throws -> ChatRequest {
        try ChatRequest.parse(Array(body.utf8), defaults: defaults)
    }

    private static let user = #"{"role": "user", "content": "a"}"#

    @Test("what it does not say is the model's, and its length is open")
    func defaults() throws {
        var model = RequestOptions()
        model.parameters.temperature = 0.7
        model.parameters.minTokens = 40
        model.parameters.seed = 9
        let request = try parse(#"{"messages": [\#(Self.user)]}"#, defaults: model)
        #expect(request.prompt.messages == [.init(role: "user", texts: ["a"])])
        #expect(request.prompt.addsGenerationPrompt && !request.prompt.continuesFinalMessage)
        #expect(request.prompt.answeringRole == "assistant" && request.prompt.variables.isEmpty)
        #expect(request.model == nil && request.maxTokens == nil && !request.stream && !request.includeUsage)
        let p = request.options.parameters
        #expect(p.temperature == 0.7 && p.seed == 9 && p.logprobs == nil && request.options.n == 1)
        let completion = request.completion(of: [5, 6], most: 30)
        #expect(completion.prompts == [.tokens([5, 6])] && completion.bestOf == 1)
        #expect(completion.options.parameters.maxTokens == 30)
        // The model's own floor gives way to the ceiling.
        #expect(completion.options.parameters.minTokens == 30)
    }

    @Test("every field finds its place")
    func fields() throws {
        let request = try parse(
            #"""
            {"model": "m", "messages": [{"role": "developer", "content": "b", "name": "x"},
               {"role": "tool", "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}], "tool_call_id": "t"},
               {"role": "assistant", "content": "c", "refusal": null, "tool_calls": null, "audio": null}],
             "max_completion_tokens": 7, "n": 2, "seed": -1, "logprobs": true, "top_logprobs": 4, "stop": ["x", "y"],
             "logit_bias": {"5": -100}, "top_k": 3, "min_p": 0.1, "top_p": 0.5, "temperature": 0.9, "user": "u",
             "presence_penalty": 1, "frequency_penalty": -1, "repetition_penalty": 1.5, "stop_token_ids": [8],
             "ignore_eos": true, "min_tokens": 2, "priority": -3, "deadline": 1.5, "stream": true,
             "stream_options": {"include_usage": true}, "continue_final_message": true,
             "chat_template_kwargs": {"z": 1, "a": {"y": [1.5, null, true], "b": "c"}},
             "response_format": {"type": "text"}, "tools": [], "tool_choice": "none", "parallel_tool_calls": false,
             "modalities": ["text"], "store": false, "add_special_tokens": false}
            """#)
        #expect(
            request.prompt.messages == [
                .init(role: "developer", texts: ["b"], others: [.init(name: "name", value: "x")]),
                .init(role: "tool", texts: ["1", "2"], others: [.init(name: "tool_call_id", value: "t")]),
                .init(role: "assistant", texts: ["c"]),
            ])
        #expect(request.prompt.continuesFinalMessage && !request.prompt.addsGenerationPrompt)
        #expect(
            request.prompt.variables == [
                .init(name: "a", value: ["b": "c", "y": [.number(1.5), nil, true]]), .init(name: "z", value: 1),
            ])
        #expect(request.model == "m" && request.maxTokens == 7 && request.maxTokensField == "max_completion_tokens")
        #expect(request.options.n == 2 && request.stream && request.includeUsage)
        let p = request.options.parameters
        #expect(p.minTokens == 2 && p.seed == .max && p.logprobs == 4)
        #expect(p.stop == ["x", "y"] && p.logitBias == [5: -100] && p.topK == 3 && p.minP == 0.1 && p.topP == 0.5)
        #expect(p.presencePenalty == 1 && p.frequencyPenalty == -1 && p.repetitionPenalty == 1.5)
        #expect(p.stopTokenIDs == [8] && p.ignoreEOS && p.temperature == 0.9)
        #expect(request.options.priority == -3 && request.options.deadline == .seconds(1.5))
        let completion = request.completion(of: [5], most: 99)
        #expect(completion.options.parameters.maxTokens == 7 && completion.stream && completion.includeUsage)
    }

    @Test("a template gets a message's parts as it takes them: as lines, or as parts")
    func parts() throws {
        let prompt = try parse(
            #"""
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}]},
              {"role": "assistant", "content": "c", "name": "n"}]}
            """#
        ).prompt
        let name = [TemplateValue.Member(name: "name", value: "n")]
        #expect(
            prompt.messages(asParts: false) == [
                ChatMessage(role: "user", content: "1\n2"), ChatMessage(role: "assistant", content: "c", others: name),
            ])
        #expect(
            prompt.messages(asParts: true) == [
                ChatMessage(
                    role: "user", parts: [["type": "text", "text": "1"], ["type": "text", "text": "2"]]),
                ChatMessage(role: "assistant", parts: [["type": "text", "text": "c"]], others: name),
            ])
    }

    @Test("max_tokens and max_completion_tokens say the same")
    func maxTokens() throws {
        #expect(try parse(#"{"messages": [\#(Self.user)], "max_tokens": 3}"#).maxTokens == 3)
        let both = try parse(#"{"messages": [\#(Self.user)], "max_tokens": 3, "max_completion_tokens": 3}"#)
        #expect(both.maxTokens == 3)
    }

    @Test("log-probabilities are asked for with a truth, others beside the chosen one with a number")
    func logprobs() throws {
        func logprobs(_ fields: String) throws -> Int? {
            try parse(#"{"messages": [\#(Self.user)], \#(fields)}"#).options.parameters.logprobs
        }
        #expect(try logprobs(#""logprobs": true"#) == 0)
        #expect(try logprobs(#""logprobs": true, "top_logprobs": 20"#) == 20)
        #expect(try logprobs(#""logprobs": false"#) == nil)
        #expect(try logprobs(#""top_logprobs": 0"#) == nil)
    }

    @Test("the answer is the assistant's, or of whoever's message it goes on with")
    func role() throws {
        let messages = #""messages": [\#(Self.user)]"#
        #expect(try parse(#"{\#(messages), "add_generation_prompt": false}"#).prompt.answeringRole == "user")
        #expect(try parse(#"{\#(messages), "continue_final_message": true}"#).prompt.answeringRole == "user")
    }

    static let wrongMessages: [(String, String)] = [
        (#""a""#, "messages"), ("[]", "messages"), ("null", "messages"), ("[1]", "messages[0]"),
        (#"[{"role": "user", "content": "a"}, {"content": "a"}]"#, "messages[1].role"),
        (#"[{"role": "wizard", "content": "a"}]"#, "messages[0].role"),
        (#"[{"role": "user"}]"#, "messages[0].content"),
        (#"[{"role": "user", "content": null}]"#, "messages[0].content"),
        (#"[{"role": "user", "content": 5}]"#, "messages[0].content"),
        (#"[{"role": "user", "content": []}]"#, "messages[0].content"),
        (#"[{"role": "user", "content": [{"text": "a"}]}]"#, "messages[0].content[0].type"),
        (#"[{"role": "user", "content": [{"type": "text"}]}]"#, "messages[0].content[0].text"),
        (
            #"[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]}]"#,
            "messages[0].content[1].type"
        ),
        (
            #"[{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]"#,
            "messages[0].content[0].type"
        ),
        (#"[{"role": "user", "content": "a", "name": 5}]"#, "messages[0].name"),
        (#"[{"role": "user", "content": "a", "mood": "glad"}]"#, "messages[0].mood"),
        (#"[{"role": "assistant", "content": "a", "tool_calls": [{}]}]"#, "messages[0].tool_calls"),
        (#"[{"role": "assistant", "refusal": "no"}]"#, "messages[0].refusal"),
    ]

    @Test("what is wrong with a message is said of the message at fault", arguments: wrongMessages)
    func badMessages(messages: String, field: String) {
        #expect {
            try parse(#"{"messages": \#(messages)}"#)
        } throws: {
            ($0 as? FieldError)?.field == field
        }
    }

    static let wrongFields: [(String, String)] = [
        (#""foo": 1"#, "foo"), (#""prompt": "b""#, "prompt"), (#""best_of": 2"#, "best_of"),
        (#""max_tokens": 1, "max_completion_tokens": 2"#, "max_completion_tokens"),
        (#""max_tokens": 0"#, "max_tokens"), (#""max_completion_tokens": 0"#, "max_completion_tokens"),
        (#""max_completion_tokens": 2147483648"#, "max_completion_tokens"), (#""logprobs": 2"#, "logprobs"),
        (#""top_logprobs": 2"#, "top_logprobs"), (#""logprobs": true, "top_logprobs": 21"#, "top_logprobs"),
        (#""logprobs": true, "top_logprobs": -1"#, "top_logprobs"), (#""stream": 1"#, "stream"),
        (#""stream_options": {}"#, "stream_options"),
        (#""continue_final_message": true, "add_generation_prompt": true"#, "continue_final_message"),
        (#""chat_template": "{{ x }}""#, "chat_template"), (#""chat_template_kwargs": 5"#, "chat_template_kwargs"),
        (#""chat_template_kwargs": {"a": 1, "messages": []}"#, "chat_template_kwargs"),
        (#""response_format": {"type": "json_object"}"#, "response_format.type"),
        (#""response_format": {"type": "text", "x": 1}"#, "response_format.x"),
        (#""tools": [{"type": "function"}]"#, "tools"), (#""tool_choice": "auto""#, "tool_choice"),
        (#""tool_choice": {"type": "function"}"#, "tool_choice"), (#""functions": [{}]"#, "functions"),
        (#""function_call": "auto""#, "function_call"), (#""modalities": ["text", "audio"]"#, "modalities"),
        (#""audio": {"voice": "x"}"#, "audio"), (#""store": true"#, "store"), (#""echo": true"#, "echo"),
        (#""skip_special_tokens": false"#, "skip_special_tokens"), (#""model": 1"#, "model"),
        (#""logit_bias": {"x": 1}"#, "logit_bias"), (#""stop": [1]"#, "stop"), (#""n": "2""#, "n"),
    ]

    @Test("what is not served is refused by its name", arguments: wrongFields)
    func badFields(more: String, field: String) {
        #expect {
            try parse(#"{"messages": [\#(Self.user)], \#(more)}"#)
        } throws: {
            ($0 as? FieldError)?.field == field
        }
    }

    @Test("an image is refused in a sentence that names its place")
    func image() throws {
        let error = #expect(throws: FieldError.self) {
            try parse(
                #"{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}"#)
        }
        #expect(
            error?.message == #"messages[0].content[0].type: is "image_url", but this model reads text alone"#)
    }
}
