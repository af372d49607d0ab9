import Basics
import Foundation
import Parterre
import Synchronization
import Testing

/// How likely the bundled model finds texts.
@Suite(.timeLimit(.minutes(10))) struct ScoreTests {
    private func withEngine(_ body: (Engine) async throws -> Void) async throws {
        var options = EngineOptions()
        options.cacheMemory = .bytes(32 << 20)
        let engine = try await Engine.load(options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    @Test("a text's score is the sum of what its logits say of each token", arguments: LogitsMode.allCases)
    func logits(_ mode: LogitsMode) async throws {
        try await withEngine { engine in
            let score = try await engine.score("Once upon a time, there was a little dog.")
            let tokens = score.tokenIDs
            let sum = Mutex(0.0)
            try await engine.logits(of: [tokens], mode: mode) { _, position, logits in
                guard position + 1 < tokens.count else { return }
                let greatest = Double(logits.max() ?? 0)
                let normaliser = logits.reduce(0.0) { $0 + exp(Double($1) - greatest) }
                sum.withLock { $0 += Double(logits[tokens[position + 1].index]) - greatest - log(normaliser) }
            }
            #expect(abs(score.total - sum.withLock { $0 }) < 1e-3)
            #expect(score.scoredTokens == tokens.count - 1 && score.logprobs[0] == nil)
            #expect(abs(log(score.perplexity) + score.total / Double(tokens.count - 1)) < 1e-9)
        }
    }

    @Test("of two endings the likelier one has the higher score; a greedy text is told from another")
    func endings() async throws {
        try await withEngine { engine in
            async let garden = engine.score(" girl", after: "Once upon a time, there was a little")
            async let nonsense = engine.score(" of", after: "Once upon a time, there was a little")
            let scores = try await (garden, nonsense)
            #expect(scores.0.total > scores.1.total && scores.0.scoredTokens == 1 && scores.1.scoredTokens == 1)
            #expect(!scores.1.isGreedy)

            let prompt = "The dog"
            var request = GenerationRequest(prompt)
            request.parameters.maxTokens = 12
            request.parameters.logprobs = 0
            let greedy = try await engine.complete(request)[0]
            let begin = greedy.promptTokens
            let tokens = try #require(engine.tokenizer).encode(prompt) + greedy.tokenIDs
            let score = try await engine.score(.tokens(tokens), from: begin)
            #expect(score.isGreedy && score.scoredTokens == 12)
            #expect(score.logprobs[begin...].map { $0?.logprob } == greedy.logprobs?.map { $0.logprob })
        }
    }

    @Test("scoring is refused like any request, and cancelled like any")
    func refused() async throws {
        try await withEngine { engine in
            await #expect(throws: RequestError.self) { try await engine.score("") }
            await #expect(throws: RequestError.self) { try await engine.score(.tokens([-1])) }
            await #expect(throws: RequestError.self) { try await engine.score("Once", alternatives: 21) }
            let long = Task { try await engine.score(.tokens(Array(repeating: TokenID(7), count: 3000))) }
            long.cancel()
            await #expect(throws: CancellationError.self) { _ = try await long.value }
        }
    }
}
