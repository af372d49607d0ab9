import Basics
import Parterre
import Testing

/// Texts that grow and fork.
@Suite(.timeLimit(.minutes(10))) struct SessionTests {
    private static func tokens(_ count: Int, seed: Int = 1) -> [TokenID] {
        (0..<count).map { TokenID(4 + ($0 * seed * 7 + seed) % 290) }
    }

    private static var parameters: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.maxTokens = 40
        parameters.ignoreEOS = true
        parameters.temperature = 1
        return parameters
    }

    private func withEngine(prefixCache: Bool = true, _ body: (Engine) async throws -> Void) async throws {
        var options = EngineTests.options
        options.prefixCache = prefixCache
        let shape = BloomConfiguration(vocabularySize: 300, hiddenSize: 48, layerCount: 2, headCount: 6)
        let engine = try await Engine.load(
            .random(RandomModel(name: "tiny", configuration: shape, seed: 5)), options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        try result.get()
    }

    @Test("a session answers what a request with its whole text answers, forked or not", arguments: [true, false])
    func law(_ prefixCache: Bool) async throws {
        try await withEngine(prefixCache: prefixCache) { engine in
            var session = try await engine.session(.tokens(Self.tokens(100)), parameters: Self.parameters)
            let first = try await session.complete()
            session.append(first)
            session.append(Self.tokens(10, seed: 3))
            var other = session.fork()
            other.append(Self.tokens(5, seed: 4))
            session.parameters.seed = 9
            // Under way before the other one begins.
            let answer = session.generate()
            let second = try await other.complete()
            other.append(second)
            let third = try await answer.completion()

            // One after another, each whole.
            var request = GenerationRequest(.tokens(Self.tokens(100)), parameters: Self.parameters)
            let plainFirst = try await engine.complete(request)[0]
            #expect(first.tokenIDs == plainFirst.tokenIDs)
            let both = Self.tokens(100) + plainFirst.tokenIDs + Self.tokens(10, seed: 3)
            #expect(session.tokenIDs == both)
            request.prompt = .tokens(both + Self.tokens(5, seed: 4))
            #expect(try await engine.complete(request)[0].tokenIDs == second.tokenIDs)
            #expect(other.tokenIDs == both + Self.tokens(5, seed: 4) + second.tokenIDs)
            request.prompt = .tokens(both)
            request.parameters.seed = 9
            #expect(try await engine.complete(request)[0].tokenIDs == third?.tokenIDs)
        }
    }

    @Test("forks compute what they have in common once, and a session's text outlasts what passes by")
    func sharing() async throws {
        try await withEngine { engine in
            let session = try await engine.session(.tokens(Self.tokens(640)), parameters: Self.parameters)
            // Texts that fill the cache several times over.
            let blocks = await engine.status().cacheBlocks
            for seed in 2..<2 + 3 * blocks / 20 {
                _ = try await engine.complete(EngineTests.request(Self.tokens(640, seed: seed), tokens: 1))
            }
            let before = await engine.status()
            #expect(before.prefixCacheEvictions > 0)
            for fork in 0..<3 {
                var copy = session.fork()
                copy.append([TokenID(50 + fork)])
                _ = try await copy.complete()
            }
            let after = await engine.status()
            // All 20 blocks of the session's text, three times.
            #expect(after.prefixCacheHits - before.prefixCacheHits == 3 * 640)
            #expect(after.promptTokens - before.promptTokens == 3)
        }
    }

    @Test("sessions make nobody wait: a request that needs the whole cache has it")
    func noRoomTaken() async throws {
        try await withEngine { engine in
            let blocks = await engine.status().cacheBlocks
            var sessions: [Session] = []
            for seed in 1...blocks / 10 + 1 {
                sessions.append(
                    try await engine.session(.tokens(Self.tokens(320, seed: seed)), parameters: Self.parameters))
            }
            let long = try await engine.complete(
                EngineTests.request(Self.tokens(blocks * 32 - 50, seed: 77), tokens: 50))
            #expect(long[0].completionTokens == 50)
            // Their blocks are gone, their texts are not.
            let plain = try await engine.complete(
                GenerationRequest(.tokens(Self.tokens(320, seed: 2)), parameters: Self.parameters))
            #expect(try await sessions[1].complete().tokenIDs == plain[0].tokenIDs)
        }
    }

    @Test("a session's text can be scored on and is what was appended")
    func text() async throws {
        var options = EngineOptions()
        options.cacheMemory = .bytes(32 << 20)
        let engine = try await Engine.load(options: options)
        var session = try await engine.session("Once upon a time, there was a little")
        #expect(session.text == "Once upon a time, there was a little")
        let girl = try await session.score(" girl")
        let whole = try await engine.score(" girl", after: "Once upon a time, there was a little")
        #expect(girl.logprobs == whole.logprobs)
        try session.append(" girl named Lily. She")
        session.parameters.maxTokens = 8
        let completion = try await session.complete()
        session.append(completion)
        #expect(session.text == "Once upon a time, there was a little girl named Lily. She" + completion.text)
        await engine.shutdown()
        await #expect(throws: RequestError.engineStopped) { try await session.complete() }
        #expect(session.text.hasSuffix(completion.text))
    }
}

extension AsyncThrowingStream where Element == GenerationEvent, Failure == any Error {
    /// The first one.
    fileprivate func completion() async throws -> Completion? {
        for try await case .finished(let completion) in self { return completion }
        return nil
    }
}
