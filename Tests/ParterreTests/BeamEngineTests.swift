import Basics
import Parterre
import Testing

/// Beam search with the bundled model, which writes real text.
@Suite struct BeamEngineTests {
    private static func parameters(_ beams: Int, maxTokens: Int) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.maxTokens = maxTokens
        parameters.beams = BeamParameters(count: beams)
        return parameters
    }

    private func withEngine(_ body: (Engine) async throws -> Void) async throws {
        var options = EngineTests.options
        options.cacheMemory = .bytes(8 << 20)
        let engine = try await Engine.load(options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    @Test("texts are streamed one after another, best first, in pieces that make up the whole")
    func stream() async throws {
        try await withEngine { engine in
            let request = GenerationRequest(
                "Once upon a time", parameters: Self.parameters(4, maxTokens: 20), n: 3)
            var pieces = ["", "", ""]
            var tokens: [[TokenID]] = [[], [], []]
            var completions: [Completion] = []
            for try await event in engine.generate(request) {
                switch event {
                case .started: #expect(completions.isEmpty)
                case .token(let token):
                    #expect(token.sample == completions.count, "one text after another")
                    pieces[token.sample] += token.text
                    tokens[token.sample].append(token.id)
                case .finished(let completion): completions.append(completion)
                }
            }
            #expect(completions.map(\.text) == pieces && completions.map(\.tokenIDs) == tokens)
            #expect(completions.map(\.sample) == [0, 1, 2] && pieces.allSatisfy { $0.count > 20 })
            let scores = try completions.map { try #require($0.beam).score }
            #expect(scores == scores.sorted(by: >))
        }
    }

    @Test("the best of several beams is at least as likely as the greedy text, which one beam is")
    func greedy() async throws {
        try await withEngine { engine in
            for prompt in ["Once upon a time", "The little dog", "\"No,\" said"] {
                var parameters = Self.parameters(1, maxTokens: 12)
                parameters.ignoreEOS = true
                parameters.logprobs = 0
                let greedy = try await engine.complete(GenerationRequest(prompt, parameters: parameters))[0]
                parameters.beams.count = 6
                let best = try await engine.complete(GenerationRequest(prompt, parameters: parameters))[0]
                let sum = { (text: Completion) in (text.logprobs ?? []).reduce(0) { $0 + $1.logprob } }
                #expect(greedy.beam == nil && sum(best) >= sum(greedy) - 1e-4)
                #expect(abs(sum(best) - (try #require(best.beam).cumulativeLogprob)) < 1e-4)
            }
        }
    }

    @Test("a stop string ends a text of a search as it ends any other, and the text lacks it")
    func stopStrings() async throws {
        try await withEngine { engine in
            var parameters = Self.parameters(4, maxTokens: 40)
            parameters.stop = ["."]
            let texts = try await engine.complete(GenerationRequest("Once upon a time", parameters: parameters, n: 4))
            #expect(texts.count == 4 && texts.allSatisfy { !$0.text.contains(".") })
            #expect(texts.contains { $0.finishReason == .stop && $0.completionTokens < 40 })
            let tokenizer = try #require(engine.tokenizer)
            for text in texts where text.finishReason == .stop {
                let whole = tokenizer.decode(text.tokenIDs)
                #expect(whole.hasPrefix(text.text) && whole.dropFirst(text.text.count).contains("."))
            }
        }
    }
}
