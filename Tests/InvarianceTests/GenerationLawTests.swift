import Basics
import Dispatch
import Kernels
import PagedCache
import TestSupport
import Testing

@testable import Scheduler

/// What is written in a batch that others join and leave is what is written alone, without a cache.
@Suite struct GenerationLawTests {
    static let shapes = [
        RandomCheckpoint(hidden: 32, heads: 4), RandomCheckpoint(hidden: 35, heads: 7, residualAfterLayerNorm: true),
        RandomCheckpoint(hidden: 48, heads: 12, type: .bf16),
    ]

    static func parameters(using generator: inout SplitMix64) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.maxTokens = Int.random(in: 1...24, using: &generator)
        parameters.logprobs = Bool.random(using: &generator) ? Int.random(in: 0...4, using: &generator) : nil
        parameters.ignoreEOS = Bool.random(using: &generator)
        parameters.seed = generator.next()
        if Bool.random(using: &generator) {
            parameters.temperature = Float.random(in: 0.3...1.5, using: &generator)
            parameters.topK = [0, 3, 20].randomElement(using: &generator)!
            parameters.topP = [1, 0.9, 0.5].randomElement(using: &generator)!
            parameters.minP = [0, 0.02].randomElement(using: &generator)!
        }
        // With neither log-probabilities nor penalties the logits of greedy and top-k rows are never written.
        guard Bool.random(using: &generator) else { return parameters }
        if Bool.random(using: &generator) { parameters.repetitionPenalty = 1.3 }
        if Bool.random(using: &generator) { parameters.presencePenalty = 0.5 }
        return parameters
    }

    @Test("texts in random batches are those written alone without a cache", arguments: UInt64(1)...24)
    func randomSchedules(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let rig = try Rig(Self.shapes[Int(seed) % Self.shapes.count], arithmetic)
        let lengths = (0..<7).map { _ in Int.random(in: 1...50, using: &generator) }
        let requests = rig.sequences(lengths, seed: seed).map {
            GenerationRequest(.tokens($0), parameters: Self.parameters(using: &generator))
        }
        let arrangement = Arrangement.random(using: &generator)
        let delays = requests.map { _ in Int.random(in: 0...4, using: &generator) }
        // One of them is given up after a few tokens; that must not disturb the others.
        let abandoned = Int.random(in: 0..<requests.count, using: &generator)
        try await rig.withEngine(arrangement, kernels: kernels) { engine in
            let written = try await withThrowingTaskGroup(of: (Int, Completion?).self) { group in
                for (index, request) in requests.enumerated() {
                    group.addTask {
                        for _ in 0..<delays[index] { await Task.yield() }
                        return (
                            index,
                            try await Self.write(request, engine, stopAfter: index == abandoned ? 2 : nil)
                        )
                    }
                }
                return try await group.reduce(into: [Int: Completion]()) { $0[$1.0] = $1.1 }
            }
            #expect(written.count >= requests.count - 1, "seed \(seed): a text is missing")
            for (index, completion) in written {
                guard case .tokens(let prompt) = requests[index].prompt else { continue }
                let alone = try await UncachedWriter(engine: engine).tokens(
                    after: prompt, requests[index].parameters, sample: 0)
                #expect(
                    fingerprint(completion) == fingerprint(alone),
                    "seed \(seed), request \(index), \(kernels), \(arithmetic), \(arrangement)")
            }
            let status = await engine.status()
            #expect(status.blocksUsed == 0, "seed \(seed): blocks are left over")
        }
    }

    /// The completion, or `nil` when the stream was left after some tokens.
    static func write(_ request: GenerationRequest, _ engine: BatchEngine, stopAfter limit: Int?) async throws
        -> Completion?
    {
        var seen = 0
        for try await event in engine.generate(request, tokenizer: nil) {
            switch event {
            case .started, .promptLogprobs: break
            case .token:
                seen += 1
                if let limit, seen >= limit { return nil }
            case .finished(let completion): return completion
            }
        }
        return nil
    }

    @Test(
        "running out of blocks preempts and recomputes, and no text changes",
        arguments: [BatchingPolicy.continuous, .static], WeightFormat.allCases)
    func preemption(_ policy: BatchingPolicy, _ format: WeightFormat) async throws {
        let rig = try Rig(Self.shapes[0], Arithmetic(format, keyValues: .bf16))
        var generator = SplitMix64(seed: 11)
        let requests = rig.sequences([20, 9, 30, 14, 3, 25], seed: 4).map { prompt in
            var parameters = Self.parameters(using: &generator)
            parameters.maxTokens = 40
            parameters.ignoreEOS = true
            return GenerationRequest(.tokens(prompt), parameters: parameters)
        }
        // Room for about two of the six at their full length.
        let arrangement = Arrangement(
            blockSize: 16, blocks: 9, shuffle: 3, policy: policy, maxBatch: 6, foresight: false)
        try await rig.withEngine(arrangement) { engine in
            let written = try await writeTogether(requests, engine)
            let status = await engine.status()
            #expect(status.preemptions > 0, "nothing was preempted, so nothing was tested")
            #expect(status.blocksUsed == 0)
            try await expectWrittenAlone(written, requests, engine, "\(policy), \(format)")
        }
    }

    @Test("short prompts that overtake a long one, and the long one, are continued as alone", arguments: [false, true])
    func overtaking(prefixCache: Bool) async throws {
        let rig = try Rig(Self.shapes[2])
        var generator = SplitMix64(seed: 17)
        var prompts = rig.sequences([230, 180, 12, 40, 3, 25], seed: 9)
        // The second is let in before its turn, and takes over what the fourth has computed by then.
        prompts[3] = Array(prompts[1].prefix(32)) + prompts[3]
        let requests = prompts.map { GenerationRequest(.tokens($0), parameters: Self.parameters(using: &generator)) }
        let arrangement = Arrangement(blockSize: 16, shuffle: 5, prefixCache: prefixCache)
        try await rig.withEngine(arrangement) { engine in
            let written = try await writeTogether(requests, engine)
            let status = await engine.status()
            #expect(status.prefixes.adoptedTokens == (prefixCache ? 32 : 0))
            try await expectWrittenAlone(written, requests, engine, "prefix cache \(prefixCache)")
        }
    }

    @Test(
        "whatever steps seem to cost, and so however prompts are cut, no text changes",
        arguments: [BatchingPolicy.continuous, .static], UInt64(1)...4)
    func anyCosts(_ policy: BatchingPolicy, _ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let rig = try Rig(RandomCheckpoint(hidden: 16, heads: 4, layers: 2, vocabulary: 61), arithmetic)
        let lengths = (0..<6).map { _ in Int.random(in: 60...260, using: &generator) }
        let requests = rig.sequences(lengths, seed: seed).map { prompt in
            var parameters = Self.parameters(using: &generator)
            parameters.maxTokens = 5
            return GenerationRequest(.tokens(prompt), parameters: parameters)
        }
        let arrangement = Arrangement(shuffle: seed, policy: policy, maxBatch: 4, prefillChunk: nil)
        try await rig.withEngine(arrangement, kernels: kernels) { engine in
            engine.queue.sync { Self.muddle(&engine.scheduler.costs, using: &generator) }
            let written = try await withThrowingTaskGroup(of: (Int, Completion?).self) { group in
                for (index, request) in requests.enumerated() {
                    group.addTask { (index, try await Self.write(request, engine, stopAfter: nil)) }
                }
                return try await group.reduce(into: [Int: Completion]()) { $0[$1.0] = $1.1 }
            }
            for (index, request) in requests.enumerated() {
                guard case .tokens(let prompt) = request.prompt else { continue }
                let alone = try await UncachedWriter(engine: engine).tokens(
                    after: prompt, request.parameters, sample: 0)
                #expect(
                    fingerprint(try #require(written[index])) == fingerprint(alone),
                    "seed \(seed), request \(index), \(kernels), \(arithmetic)")
            }
        }
    }

    /// Each size measured so often, at random seconds, that a few true steps do not outweigh it.
    private static func muddle(_ costs: inout StepCosts, using generator: inout SplitMix64) {
        for rows in costs.layers.sizes {
            let seconds = Double.random(in: 0.001...1, using: &generator)
            for _ in 0..<5 { costs.layers.record(rows: rows, seconds: seconds) }
        }
    }

    @Test(
        "rows of which whole logits are wanted, the greatest, or more equals than a list holds share a step",
        arguments: [1, 2, 5], [WeightFormat.f32, .int8])
    func mixedDemands(_ threads: Int, _ format: WeightFormat) async throws {
        // Each logit stands 250 to 1,000 times, so lists of 256 overflow in some requests.
        for distinct in [1, 4, 1000] {
            let rig = try Rig(
                RandomCheckpoint(hidden: 32, heads: 4, layers: 1, vocabulary: 1000, distinctTokens: distinct),
                Arithmetic(format, keyValues: .f32))
            let prompts = rig.sequences([3, 20, 7, 11, 2, 30], seed: 6)
            let settings: [(inout SamplingParameters) -> Void] = [
                { _ in },
                { ($0.temperature, $0.topK) = (1, 5) },
                { ($0.temperature, $0.topK, $0.topP) = (1, 128, 0.9) },
                { $0.temperature = 1 },
                { $0.logprobs = 2 },
                { ($0.minTokens, $0.repetitionPenalty) = (3, 1.2) },
            ]
            let requests = zip(prompts, settings).map { prompt, change in
                var parameters = SamplingParameters()
                parameters.maxTokens = 8
                parameters.seed = 17
                change(&parameters)
                return GenerationRequest(.tokens(prompt), parameters: parameters)
            }
            try await rig.withEngine(Arrangement(threads: threads)) { engine in
                let written = try await withThrowingTaskGroup(of: (Int, Completion?).self) { group in
                    for (index, request) in requests.enumerated() {
                        group.addTask { (index, try await Self.write(request, engine, stopAfter: nil)) }
                    }
                    return try await group.reduce(into: [Int: Completion]()) { $0[$1.0] = $1.1 }
                }
                for index in requests.indices {
                    let alone = try await UncachedWriter(engine: engine).tokens(
                        after: prompts[index], requests[index].parameters, sample: 0)
                    #expect(
                        fingerprint(try #require(written[index])) == fingerprint(alone),
                        "request \(index), \(distinct) distinct tokens")
                }
            }
        }
    }

    @Test(
        "samples that share their prompt's blocks are those written one by one", arguments: [2, 5, 12], [false, true])
    func samples(_ n: Int, _ wholeLogits: Bool) async throws {
        let rig = try Rig(Self.shapes[1])
        // A prompt that ends inside a block, so that samples write into a shared one and must copy it.
        for prompt in rig.sequences([21, 16, 1], seed: 8) {
            var parameters = SamplingParameters()
            parameters.maxTokens = 20
            parameters.temperature = 1
            parameters.seed = 99
            if wholeLogits {
                parameters.logprobs = 2
                // Penalties change the logits that a sample is given; its siblings must draw from unchanged ones.
                parameters.repetitionPenalty = 1.5
                parameters.presencePenalty = 0.5
            } else {
                parameters.topK = 10
            }
            let request = GenerationRequest(.tokens(prompt), parameters: parameters, n: n)
            try await rig.withEngine(Arrangement(blockSize: 16, maxBatch: 6)) { engine in
                var completions: [Int: Completion] = [:]
                for try await case .finished(let completion) in engine.generate(request, tokenizer: nil) {
                    completions[completion.sample] = completion
                }
                #expect(completions.count == n)
                #expect(Set(completions.values.map(\.tokenIDs)).count > 1, "samples should differ")
                for (sample, completion) in completions {
                    let alone = try await UncachedWriter(engine: engine).tokens(
                        after: prompt, parameters, sample: sample)
                    #expect(fingerprint(completion) == fingerprint(alone), "sample \(sample) of \(n)")
                }
                let status = await engine.status()
                #expect(status.blocksUsed == 0)
            }
        }
    }

    @Test(
        "samples of a long prompt, which pass over its tiles together, are those written one by one",
        arguments: KeyValueFormat.allCases, [16, 48])
    func samplesOfLongPrompt(_ keyValues: KeyValueFormat, _ blockSize: Int) async throws {
        let rig = try Rig(
            RandomCheckpoint(hidden: 16, heads: 4, layers: 2, vocabulary: 61), Arithmetic(.f32, keyValues: keyValues))
        let prompt = rig.sequences([530], seed: 12)[0]
        var parameters = SamplingParameters()
        parameters.maxTokens = 4
        parameters.temperature = 1
        parameters.seed = 3
        parameters.logprobs = 1
        parameters.ignoreEOS = true
        let request = GenerationRequest(.tokens(prompt), parameters: parameters, n: 8)
        let arrangement = Arrangement(blockSize: blockSize, shuffle: 4, prefillChunk: 200)
        try await rig.withEngine(arrangement) { engine in
            var completions: [Int: Completion] = [:]
            for try await case .finished(let completion) in engine.generate(request, tokenizer: nil) {
                completions[completion.sample] = completion
            }
            #expect(Set(completions.values.map(\.tokenIDs)).count > 1, "samples should differ")
            for sample in [0, 1, 7] {
                let alone = try await UncachedWriter(engine: engine).tokens(after: prompt, parameters, sample: sample)
                let together = try #require(completions[sample])
                #expect(fingerprint(together) == fingerprint(alone), "sample \(sample)")
            }
        }
    }

    @Test("a text taken up again after some of its tokens goes on as it did: draws belong to absolute positions")
    func takenUpAgain() async throws {
        let rig = try Rig(Self.shapes[0])
        let prompt = rig.sequences([13], seed: 21)[0]
        var parameters = SamplingParameters()
        parameters.maxTokens = 20
        parameters.temperature = 1
        parameters.seed = 5
        parameters.ignoreEOS = true
        try await rig.withEngine { engine in
            let whole = try #require(
                await Self.write(GenerationRequest(.tokens(prompt), parameters: parameters), engine, stopAfter: nil))
            for known in [1, 3, 11] {
                parameters.maxTokens = 20 - known
                let request = GenerationRequest(
                    .tokens(prompt + whole.tokenIDs.prefix(known)), parameters: parameters)
                let rest = try #require(await Self.write(request, engine, stopAfter: nil))
                #expect(rest.tokenIDs == Array(whole.tokenIDs.dropFirst(known)), "after \(known) tokens")
            }
        }
    }
}
