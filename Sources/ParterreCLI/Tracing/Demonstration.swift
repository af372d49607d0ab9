import Parterre

/// A small workload that shows what an engine does: prompts of many lengths, samples that fork, and too little cache, so that
/// some sequences give way to others. The same every time, but for what depends on the machine's speed.
enum Demonstration {
    static let requestCount = 40
    static let maxBatch = 16
    /// Tokens that the cache holds: about half of what the requests that run together would like.
    private static let cachedTokens = 1536
    private static let inFlight = 24

    /// What the options say; where they say nothing, a small cache.
    static func cacheMemory(_ options: EngineOptions, _ model: ModelSource) throws -> EngineOptions.CacheMemory {
        guard options.cacheMemory == .automatic else { return options.cacheMemory }
        let token = try ModelSize(model, options).cachedToken
        let blocks = max(1, cachedTokens / max(1, options.blockSize))
        return .bytes(blocks * options.blockSize * token)
    }

    /// Answers everything, a bounded number at a time, so that requests come while others run.
    static func run(_ engine: Engine) async throws {
        var generator = WorkloadGenerator(seed: 7, stream: 0)
        let vocabulary = engine.configuration.vocabularySize
        let opening = generator.tokens(96, vocabularySize: vocabulary)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<requestCount {
                if index >= inFlight { try await group.next() }
                let request = request(index, opening, &generator, vocabularySize: vocabulary)
                group.addTask { for try await _ in engine.generate(request) {} }
            }
            try await group.waitForAll()
        }
    }

    /// Every third prompt begins with the same tokens, every eighth request wants four samples.
    private static func request(
        _ index: Int, _ opening: [TokenID], _ generator: inout WorkloadGenerator, vocabularySize: Int
    ) -> GenerationRequest {
        let own = generator.tokens(generator.number(in: 8...160), vocabularySize: vocabularySize)
        var parameters = SamplingParameters()
        parameters.maxTokens = generator.number(in: 16...120)
        parameters.temperature = 1
        parameters.seed = UInt64(index)
        parameters.ignoreEOS = true
        var request = GenerationRequest(
            .tokens(index % 3 == 1 ? opening + own : own), parameters: parameters, n: index % 8 == 2 ? 4 : 1)
        request.label = "demo-\(index + 1)"
        return request
    }
}
