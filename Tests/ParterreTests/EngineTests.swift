import Basics
import Foundation
import Parterre
import TestSupport
import Testing

@Suite struct EngineTests {
    /// Runs `body` with a small random model without a tokenizer.
    func withEngine(
        _ options: EngineOptions = Self.options, _ body: (Engine) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 32, heads: 4).write(to: folder.url)
        let engine = try await Engine.load(.directory(folder.url), options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    static var options: EngineOptions {
        var options = EngineOptions()
        options.cacheMemory = .bytes(1 << 20)
        options.threads = 2
        return options
    }

    static func request(_ prompt: [TokenID], tokens: Int, n: Int = 1) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = tokens
        parameters.ignoreEOS = true
        return GenerationRequest(.tokens(prompt), parameters: parameters, n: n)
    }

    @Test("a stream tells its start, every token and its end")
    func events() async throws {
        try await withEngine { engine in
            var events: [GenerationEvent] = []
            for try await event in engine.generate(Self.request([5, 6, 7], tokens: 4)) { events.append(event) }
            #expect(events.count == 6)
            #expect(events.first == .started(promptTokens: 3))
            let tokens = events.compactMap { if case .token(let token) = $0 { token.id } else { nil } }
            guard case .finished(let completion) = events.last else {
                Issue.record("the last event is no completion")
                return
            }
            #expect(completion.tokenIDs == tokens && completion.finishReason == .length)
            #expect(completion.promptTokens == 3 && completion.completionTokens == 4 && completion.text.isEmpty)
        }
    }

    @Test("random weights of a shape answer token prompts, the same at any number of threads")
    func randomModel() async throws {
        let shape = BloomConfiguration(vocabularySize: 300, hiddenSize: 48, layerCount: 2, headCount: 6)
        var answers: [[TokenID]] = []
        for threads in [1, 3] {
            var options = Self.options
            options.threads = threads
            let model = RandomModel(name: "tiny", configuration: shape, seed: 5)
            let engine = try await Engine.load(.random(model), options: options)
            #expect(engine.tokenizer == nil && engine.configuration == shape)
            #expect(engine.memoryPlan.weightFormat == "bf16")
            answers.append(try await engine.complete(Self.request([4, 9, 2], tokens: 12))[0].tokenIDs)
            await #expect(throws: RequestError.noTokenizer) { try await engine.complete(GenerationRequest("text")) }
            await engine.shutdown()
        }
        #expect(answers[0].count == 12 && answers[0] == answers[1])
    }

    @Test("what reads a checkpoint's files says that a shape has none")
    func modelWithoutFiles() throws {
        let model = ModelSource.random(RandomModel(.bloom1b1))
        #expect(throws: EngineError.modelWithoutFiles("bloom-1b1")) { try ModelInspection.inspect(model) }
        #expect(try model.samplingDefaults() == SamplingParameters())
    }

    @Test("rows decode behind a random context as behind a computed one, and free it")
    func randomContext() async throws {
        try await withEngine { engine in
            let prompt = (0..<60).map { TokenID($0 % 97) }
            var tokens = 0
            for try await event in engine.generate(Self.request(prompt, tokens: 5), context: .random) {
                if case .token = event { tokens += 1 }
            }
            let status = await engine.status()
            #expect(tokens == 5 && status.cacheBlocksUsed == 0)
            // The prompt's last token, and four of those generated: five steps of one row.
            #expect(status.steps == 5 && status.promptTokens == 1 && status.barriers > 5)
            // More than the cache has room for beside what runs is an error, not a wait.
            let long = Array(repeating: TokenID(1), count: status.cacheBlocks * 32)
            await #expect(throws: RequestError.self) {
                for try await _ in engine.generate(Self.request(long, tokens: 5), context: .random) {}
            }
        }
    }

    @Test("leaving a stream frees its blocks")
    func cancellation() async throws {
        try await withEngine { engine in
            let other = Task { try await engine.complete(Self.request([9], tokens: 30)) }
            try await Self.leaveAfterThreeTokens(engine)
            let long = Task { try await engine.complete(Self.request([4], tokens: 200)) }
            long.cancel()
            await #expect(throws: CancellationError.self) { try await long.value }
            let completions = try await other.value
            #expect(completions[0].completionTokens == 30)
            let status = await engine.status()
            #expect(status.cacheBlocksUsed == 0 && status.runningSequences == 0 && status.waitingSequences == 0)
        }
    }

    /// The stream is gone when this returns.
    private static func leaveAfterThreeTokens(_ engine: Engine) async throws {
        var seen = 0
        for try await case .token in engine.generate(request([5, 6, 7], tokens: 200)) {
            seen += 1
            if seen == 3 { return }
        }
    }

    @Test("a request that cannot be served says why")
    func refusals() async throws {
        try await withEngine { engine in
            await #expect(throws: RequestError.noTokenizer) { try await engine.complete(GenerationRequest("text")) }
            let capacity = engine.memoryPlan.cacheTokens
            await #expect(throws: RequestError.tooLong(tokens: capacity + 1, capacity: capacity)) {
                try await engine.complete(Self.request([1, 2], tokens: capacity))
            }
            for (prompt, field) in [([], "prompt"), ([96, 97], "prompt_token_ids"), ([-1], "prompt_token_ids")] {
                await #expect {
                    try await engine.complete(Self.request(prompt.map { TokenID($0) }, tokens: 1))
                } throws: { error in
                    guard case .invalid(field, _) = error as? RequestError else { return false }
                    return true
                }
            }
            await #expect(throws: RequestError.self) { try await engine.complete(Self.request([1], tokens: 0)) }
            await #expect(throws: RequestError.self) { try await engine.complete(Self.request([1], tokens: 1, n: 0)) }
            await #expect(throws: RequestError.self) {
                try await engine.logits(of: [[]], mode: .uncached) { _, _, _ in }
            }
            // And the engine is none the worse for it.
            let after = try await engine.complete(Self.request([1], tokens: 2))
            #expect(after.count == 1)
        }
    }

    @Test("a prompt that fills the whole cache is served")
    func fullCache() async throws {
        try await withEngine { engine in
            let capacity = engine.memoryPlan.cacheTokens
            let prompt = Array(repeating: TokenID(7), count: capacity - 2)
            let completions = try await engine.complete(Self.request(prompt, tokens: 3))
            #expect(completions[0].completionTokens == 3)
        }
    }

    @Test("after shutdown requests fail, and waiting ones are told")
    func shutdown() async throws {
        try await withEngine { engine in
            // Handed in and stopped without a wait between, so that it cannot be done before.
            let waiting = engine.generate(Self.request([3], tokens: 500))
            await engine.shutdown()
            await #expect(throws: RequestError.engineStopped) { for try await _ in waiting {} }
            await #expect(throws: RequestError.engineStopped) {
                try await engine.complete(Self.request([3], tokens: 1))
            }
        }
    }

    @Test("an error of the caller's visitor ends the scoring and reaches the caller")
    func visitorThrows() async throws {
        struct Stop: Error {}
        try await withEngine { engine in
            for mode in LogitsMode.allCases {
                await #expect(throws: Stop.self) {
                    try await engine.logits(of: [[5, 6, 7], [8, 9]], mode: mode) { _, position, _ in
                        if position == 1 { throw Stop() }
                    }
                }
                let status = await engine.status()
                #expect(status.cacheBlocksUsed == 0, "\(mode)")
            }
        }
    }

    @Test("an option out of its range is an error that names it")
    func badOptions() async throws {
        var blockSize = EngineOptions()
        blockSize.blockSize = 24
        var threads = EngineOptions()
        threads.threads = 0
        var cache = EngineOptions()
        cache.cacheMemory = .bytes(100)
        var kernels = EngineOptions()
        kernels.instructionSet = "sse9"
        for (options, name) in [
            (blockSize, "--block-size"), (threads, "--threads"), (cache, "--cache-memory"), (kernels, "sse9"),
        ] {
            await #expect { try await withEngine(options) { _ in } } throws: { "\($0)".contains(name) }
        }
    }

    @Test("the bundled model streams its text in pieces that make up the whole, with the stop string cut off")
    func bundledModel() async throws {
        let engine = try await Engine.load(options: Self.options)
        var parameters = engine.samplingDefaults
        parameters.maxTokens = 40
        parameters.seed = 3
        let request = GenerationRequest("Once upon a time", parameters: parameters)
        var pieces = ""
        var whole: Completion?
        for try await event in engine.generate(request) {
            if case .token(let token) = event { pieces += token.text }
            if case .finished(let completion) = event { whole = completion }
        }
        let text = try #require(whole).text
        #expect(pieces == text && text.count > 20)
        // Cut at a word of the text itself: it must end right before it.
        let word = String(try #require(text.split(separator: " ").dropFirst(3).first))
        parameters.stop = [word]
        let cut = try await engine.complete(GenerationRequest("Once upon a time", parameters: parameters))[0]
        #expect(cut.finishReason == .stop)
        #expect(text.hasPrefix(cut.text) && text.dropFirst(cut.text.count).hasPrefix(word))
        await engine.shutdown()
    }
}
