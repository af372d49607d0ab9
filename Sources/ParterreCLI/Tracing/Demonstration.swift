import Parterre

/// A small workload that shows what an engine does. First a crowd: prompts of many lengths, some of which begin alike, samples
/// that fork, and too little cache, so that some sequences give way to others. Then, with fewer at a time, conversations:
/// prompts that go on where earlier ones ended, and find these in the cache. The same every time, but for what depends on the
/// machine's speed.
enum Demonstration {
    static let requestCount = 44
    static let maxBatch = 16
    /// Tokens that the cache holds: about half of what the requests that run together would like.
    private static let cachedTokens = 1536
    /// Tokens that its swap space holds: enough for some of those that give way.
    private static let swappedTokens = 256
    /// From this request on there are conversations, so many at a time.
    private static let calm = 28
    private static let conversations = 4

    /// What the options say; where they say nothing, a small batch, a small cache and a small swap space that is used.
    static func options(_ given: EngineOptions, _ model: ModelSource) throws -> EngineOptions {
        var options = given
        options.maxBatch = min(given.maxBatch, maxBatch)
        let token = try ModelSize(model, given).cachedToken
        func bytes(_ tokens: Int) -> Int { max(1, tokens / max(1, given.blockSize)) * given.blockSize * token }
        if given.cacheMemory == .automatic { options.cacheMemory = .bytes(bytes(cachedTokens)) }
        if given.swapSpace == nil { options.swapSpace = bytes(swappedTokens) }
        if given.preemption == .auto { options.preemption = .swap }
        // Whatever steps and copies cost here, somebody shall have to give way.
        options.foresight = false
        return options
    }

    /// Answers everything, a bounded number at a time, so that requests come while others run.
    static func run(_ engine: Engine) async throws {
        var generator = WorkloadGenerator(seed: 7, stream: 0)
        let vocabulary = engine.configuration.vocabularySize
        let opening = generator.tokens(96, vocabularySize: vocabulary)
        var prompts: [[TokenID]] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            var inFlight = 0
            for index in 0..<requestCount {
                while inFlight >= (index < calm ? 24 : conversations) {
                    try await group.next()
                    inFlight -= 1
                }
                let isTurn = index >= calm + conversations
                let length = generator.number(in: isTurn ? 8...60 : 8...160)
                let own = generator.tokens(length, vocabularySize: vocabulary)
                prompts.append(isTurn ? prompts[index - conversations] + own : index % 3 == 1 ? opening + own : own)
                let request = request(index, prompts[index], &generator)
                group.addTask { for try await _ in engine.generate(request) {} }
                inFlight += 1
            }
            try await group.waitForAll()
        }
    }

    /// In the crowd every eighth request wants four samples.
    private static func request(
        _ index: Int, _ prompt: [TokenID], _ generator: inout WorkloadGenerator
    ) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = generator.number(in: index < calm ? 32...192 : 16...64)
        parameters.temperature = 1
        parameters.seed = UInt64(index)
        parameters.ignoreEOS = true
        var request = GenerationRequest(
            .tokens(prompt), parameters: parameters, n: index < calm && index % 8 == 2 ? 4 : 1)
        request.label = "demo-\(index + 1)"
        return request
    }
}
