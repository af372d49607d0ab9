import Parterre
import Testing

@testable import Forms

@Suite("The body of a request for completions")
struct CompletionRequestTests {
    private func parse(_ body: String, defaults: RequestOptions = RequestOptions()) throws -> CompletionRequest {
        try CompletionRequest.parse(Array(body.utf8), defaults: defaults)
    }

    @Test("what it does not say is OpenAI's default or the model's")
    func defaults() throws {
        var model = RequestOptions()
        model.parameters.temperature = 0.7
        model.parameters.maxTokens = 128
        model.parameters.minTokens = 40
        model.parameters.seed = 9
        let request = try parse(#"{"prompt": "a", "max_tokens": null}"#, defaults: model)
        #expect(request.prompts == [.text("a")] && request.model == nil && request.bestOf == 1)
        #expect(!request.echo && !request.stream && !request.includeUsage)
        #expect(request.options.parameters.temperature == 0.7 && request.options.parameters.seed == 9)
        #expect(request.options.parameters.maxTokens == 16)
        // The model's own floor gives way to the ceiling.
        #expect(request.options.parameters.minTokens == 16)
    }

    @Test("every field finds its place")
    func fields() throws {
        let request = try parse(
            #"""
            {"model": "m", "prompt": [[1, 2], [3]], "max_tokens": 7, "n": 2, "best_of": 3, "echo": true, "seed": -1,
             "logprobs": 4, "stop": ["x", "y"], "logit_bias": {"5": -100}, "top_k": 3, "min_p": 0.1, "user": "u",
             "presence_penalty": 1, "frequency_penalty": -1, "repetition_penalty": 1.5, "stop_token_ids": [8],
             "ignore_eos": true, "min_tokens": 2, "priority": -3, "deadline": 1.5, "suffix": "", "add_special_tokens": false}
            """#)
        #expect(request.model == "m" && request.prompts == [.tokens([1, 2]), .tokens([3])])
        #expect(request.options.n == 2 && request.bestOf == 3 && request.echo)
        let p = request.options.parameters
        #expect(p.maxTokens == 7 && p.minTokens == 2 && p.seed == .max && p.logprobs == 4)
        #expect(p.stop == ["x", "y"] && p.logitBias == [5: -100] && p.topK == 3 && p.minP == 0.1)
        #expect(p.presencePenalty == 1 && p.frequencyPenalty == -1 && p.repetitionPenalty == 1.5)
        #expect(p.stopTokenIDs == [8] && p.ignoreEOS)
        #expect(request.options.priority == -3 && request.options.deadline == .seconds(1.5))
    }

    @Test("a stream says whether it counts its tokens")
    func stream() throws {
        let request = try parse(
            #"{"prompt": "a", "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}}"#
        )
        #expect(request.stream && request.includeUsage)
        #expect(try !parse(#"{"prompt": "a", "stream": true}"#).includeUsage)
    }

    @Test("beam search reads best_of as the number of beams")
    func beams() throws {
        let request = try parse(#"{"prompt": "a", "use_beam_search": true, "best_of": 4, "n": 2}"#)
        #expect(request.bestOf == 2 && request.options.n == 2 && request.options.parameters.beams.count == 4)
    }

    @Test("an echo alone generates nothing")
    func echoOnly() throws {
        #expect(try parse(#"{"prompt": "a", "echo": true, "max_tokens": 0}"#).options.parameters.maxTokens == 0)
        for more in [#""echo": false"#, #""echo": true, "n": 2"#] {
            #expect(throws: FieldError.self) { try parse(#"{"prompt": "a", "max_tokens": 0, \#(more)}"#) }
        }
    }

    @Test(
        "what is wrong is said of the field at fault",
        arguments: [
            (#"{"prompt": "a", "foo": 1}"#, "foo"), (#"{"prompt": "a", "best_of": 129}"#, "best_of"),
            (#"{"prompt": "a", "n": 3, "best_of": 2}"#, "best_of"),
            (#"{"prompt": "a", "stream": true, "best_of": 2}"#, "best_of"),
            (#"{"prompt": "a", "suffix": "x"}"#, "suffix"), (#"{"prompt": "a", "stream": 1}"#, "stream"),
            (#"{"prompt": "a", "stream_options": {"include_usage": true}}"#, "stream_options"),
            (#"{"prompt": "a", "skip_special_tokens": false}"#, "skip_special_tokens"),
            (#"{"prompt": "a", "model": 1}"#, "model"),
            (#"{"prompt": "a", "echo": true, "logprobs": 1, "beams": 2}"#, "echo"),
        ])
    func refusals(body: String, field: String) {
        #expect {
            try parse(body)
        } throws: {
            ($0 as? FieldError)?.field == field
        }
    }
}
