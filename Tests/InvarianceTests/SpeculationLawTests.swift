import Basics
import Dispatch
import Kernels
import PagedCache
import TestSupport
import Testing

@testable import Scheduler

/// What is written with guesses that are verified several at a time is what is written token by token, alone, without a
/// cache.
///
/// Vocabularies are tiny, so that everything is said again soon; every guess is verified, so that most are wrong.
@Suite struct SpeculationLawTests {
    static let vocabularies = [7, 13, 61]
    static let eager = Speculation.promptLookup(mostTokens: 8, isEager: true)

    static func shape(_ seed: UInt64) -> RandomCheckpoint {
        let vocabulary = vocabularies[Int(seed) % vocabularies.count]
        return seed % 2 == 0
            ? RandomCheckpoint(hidden: 32, heads: 4, vocabulary: vocabulary)
            : RandomCheckpoint(hidden: 35, heads: 7, vocabulary: vocabulary, residualAfterLayerNorm: true)
    }

    /// Prompts in which parts return, end tokens among them.
    static func prompt(_ length: Int, vocabulary: Int, using generator: inout SplitMix64) -> [TokenID] {
        var tokens: [TokenID] = []
        while tokens.count < length {
            if tokens.count > 8, Bool.random(using: &generator) {
                let first = Int.random(in: 0..<tokens.count - 6, using: &generator)
                tokens += tokens[first..<first + 6]
            } else {
                tokens.append(TokenID(Int.random(in: 0..<vocabulary, using: &generator)))
            }
        }
        return Array(tokens.prefix(length))
    }

    static func parameters(vocabulary: Int, using generator: inout SplitMix64) -> SamplingParameters {
        func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
        var parameters = SamplingParameters()
        parameters.maxTokens = Int.random(in: 1...30, using: &generator)
        parameters.minTokens = chance(0.3) ? Int.random(in: 0...parameters.maxTokens, using: &generator) : 0
        parameters.ignoreEOS = chance(0.6)
        parameters.seed = generator.next()
        if chance(0.2) { parameters.stopTokenIDs = [TokenID(Int.random(in: 0..<vocabulary, using: &generator))] }
        if chance(0.5) {
            // Cold enough that a text falls into loops.
            parameters.temperature = Float.random(in: 0.1...1, using: &generator)
            parameters.topK = [0, 2, 5].randomElement(using: &generator)!
            parameters.topP = [1, 0.9, 0.6].randomElement(using: &generator)!
            parameters.minP = [0, 0.05].randomElement(using: &generator)!
        }
        if chance(0.3) { parameters.logprobs = Int.random(in: 0...3, using: &generator) }
        if chance(0.2) { parameters.logitBias = [TokenID(Int.random(in: 0..<vocabulary, using: &generator)): 1.5] }
        if chance(0.2) { parameters.repetitionPenalty = 1.05 }
        if chance(0.2) { parameters.presencePenalty = 0.1 }
        if chance(0.2) { parameters.frequencyPenalty = -0.1 }
        return parameters
    }

    static func requests(
        _ count: Int, vocabulary: Int, lengths: ClosedRange<Int> = 1...60, using generator: inout SplitMix64
    ) -> [GenerationRequest] {
        (0..<count).map { _ in
            GenerationRequest(
                .tokens(
                    prompt(Int.random(in: lengths, using: &generator), vocabulary: vocabulary, using: &generator)),
                parameters: parameters(vocabulary: vocabulary, using: &generator),
                n: [1, 1, 3].randomElement(using: &generator)!)
        }
    }

    /// All samples of all requests, in order.
    static func expectPlain(
        _ written: [[Completion]], _ requests: [GenerationRequest], _ engine: BatchEngine, _ comment: String
    ) async throws {
        try await expectWrittenAlone(written, requests, engine, comment)
        let status = await engine.status()
        #expect(status.blocksUsed == 0, "\(comment): blocks are left over")
    }

    @Test("in any batch, with any parameters", arguments: UInt64(1)...24)
    func randomSchedules(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let shape = Self.shape(seed)
        let rig = try Rig(shape, arithmetic)
        var arrangement = Arrangement.random(using: &generator)
        arrangement.speculation = .promptLookup(mostTokens: Int.random(in: 1...9, using: &generator), isEager: true)
        var requests = Self.requests(6, vocabulary: shape.vocabulary, using: &generator)
        // One that nobody guesses right.
        requests[5].parameters.temperature = 3
        (requests[5].parameters.maxTokens, requests[5].parameters.ignoreEOS) = (30, true)
        try await rig.withEngine(arrangement, kernels: kernels) { engine in
            let written = try await writeTogether(requests, engine)
            try await Self.expectPlain(
                written, requests, engine, "seed \(seed), \(kernels), \(arithmetic), \(arrangement)")
            let counters = await engine.status().speculation
            #expect(counters.drafted > counters.accepted, "seed \(seed): no guess was wrong, so nothing was tested")
            #expect(counters.accepted > 0, "seed \(seed): no guess was right, so nothing was tested")
        }
    }

    @Test(
        "while blocks run out and sequences are recomputed or swapped out",
        arguments: [BatchingPolicy.continuous, .static],
        KeyValueFormat.allCases)
    func preemption(_ policy: BatchingPolicy, _ keyValues: KeyValueFormat) async throws {
        var generator = SplitMix64(seed: 3)
        let shape = Self.shape(1)
        let rig = try Rig(shape, Arithmetic(.f32, keyValues: keyValues))
        let requests = Self.requests(6, vocabulary: shape.vocabulary, lengths: 3...30, using: &generator).map {
            var request = $0
            request.parameters.maxTokens = 40
            request.parameters.ignoreEOS = true
            return request
        }
        let arrangement = Arrangement(
            blockSize: 16, blocks: 8, shuffle: 3, policy: policy, maxBatch: 6, swapSlots: 30,
            preemption: keyValues == .f32 ? .recompute : .swap, foresight: false, speculation: Self.eager)
        try await rig.withEngine(arrangement) { engine in
            let written = try await writeTogether(requests, engine)
            let status = await engine.status()
            #expect(status.preemptions > 0, "nothing was preempted, so nothing was tested")
            #expect(status.speculation.drafted > 0)
            try await Self.expectPlain(written, requests, engine, "\(policy), \(keyValues)")
        }
    }

    @Test("where the rows of a sequence fall into two passes of the head")
    func twoPasses() async throws {
        let shape = RandomCheckpoint(hidden: 16, heads: 4, layers: 1, vocabulary: 13)
        let rig = try Rig(shape)
        var generator = SplitMix64(seed: 9)
        let requests = (0..<70).map { _ in
            var parameters = Self.parameters(vocabulary: 13, using: &generator)
            (parameters.minTokens, parameters.maxTokens) = (2, 12)
            parameters.ignoreEOS = true
            let prompt = Self.prompt(14, vocabulary: 13, using: &generator)
            return GenerationRequest(.tokens(prompt), parameters: parameters)
        }
        let arrangement = Arrangement(
            blockSize: 16, blocks: 300, maxBatch: 70, prefillChunk: 1000, speculation: Self.eager)
        try await rig.withEngine(arrangement) { engine in
            let written = try await writeTogether(requests, engine)
            let status = await engine.status()
            #expect(status.speculation.accepted > 0)
            // A guess takes no head pass of its own: with 70 rows there is room for 58 more.
            #expect(status.speculation.drafted <= 58 * status.counters.steps)
            try await Self.expectPlain(written, requests, engine, "70 rows")
        }
    }

    @Test("where lists of greatest logits overflow, so that rows are drawn from again", arguments: [1, 2, 5])
    func overflowingLists(_ threads: Int) async throws {
        // Each logit stands 250 times: lists of 256 hold one value, but not two.
        let shape = RandomCheckpoint(hidden: 32, heads: 4, layers: 1, vocabulary: 1000, distinctTokens: 4)
        let rig = try Rig(shape, Arithmetic(.f32, keyValues: .f32))
        var generator = SplitMix64(seed: 6)
        let settings: [(inout SamplingParameters) -> Void] = [
            { _ in }, { ($0.temperature, $0.topK) = (1, 5) }, { $0.presencePenalty = 0.01 },
            { ($0.temperature, $0.topK, $0.topP) = (0.1, 128, 0.9) }, { $0.logprobs = 2 },
        ]
        let requests = settings.map { change in
            var parameters = SamplingParameters()
            parameters.maxTokens = 16
            parameters.ignoreEOS = true
            parameters.seed = 17
            change(&parameters)
            return GenerationRequest(
                .tokens(Self.prompt(24, vocabulary: 5, using: &generator)), parameters: parameters, n: 2)
        }
        try await rig.withEngine(Arrangement(threads: threads, speculation: Self.eager)) { engine in
            let written = try await writeTogether(requests, engine)
            try await Self.expectPlain(written, requests, engine, "\(threads) threads")
            #expect(await engine.status().speculation.drafted > 0)
        }
    }

    @Test("whatever steps seem to cost, and so however many guesses ride along", arguments: UInt64(1)...4)
    func anyCosts(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let shape = Self.shape(seed)
        let rig = try Rig(shape, Arithmetic.of(seed: seed).arithmetic)
        let requests = Self.requests(6, vocabulary: shape.vocabulary, lengths: 60...200, using: &generator)
        let arrangement = Arrangement(
            shuffle: seed, maxBatch: 4, prefillChunk: nil, speculation: .promptLookup(mostTokens: 8))
        try await rig.withEngine(arrangement) { engine in
            engine.queue.sync {
                for rows in engine.scheduler.costs.layers.sizes {
                    let seconds = Double.random(in: 0.001...0.01, using: &generator)
                    for _ in 0..<5 { engine.scheduler.costs.layers.record(rows: rows, seconds: seconds) }
                }
            }
            let written = try await writeTogether(requests, engine)
            try await Self.expectPlain(written, requests, engine, "seed \(seed)")
        }
    }

    @Test("a text in a loop takes fewer steps than it has tokens")
    func fewerSteps() async throws {
        let shape = RandomCheckpoint(hidden: 32, heads: 4, vocabulary: 7)
        let rig = try Rig(shape)
        var parameters = SamplingParameters()
        parameters.maxTokens = 120
        parameters.ignoreEOS = true
        let request = GenerationRequest(.tokens([4, 5, 6, 4, 5, 6]), parameters: parameters)
        try await rig.withEngine(Arrangement(speculation: Self.eager)) { engine in
            _ = try await writeTogether([request], engine)
            let status = await engine.status()
            #expect(status.counters.generatedTokens == 120)
            // A step for the prompt; each that follows has one token of its own and the guesses that came true.
            #expect(status.counters.steps == 120 - status.speculation.accepted)
            #expect(status.counters.steps < 60, "\(status.speculation)")
        }
    }

    // MARK: With a draft model

    @Test("a draft model that is the model itself guesses what is drawn, greedy or not", arguments: UInt64(1)...6)
    func sameModel(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let shape = Self.shape(seed)
        let rig = try Rig(shape, arithmetic)
        var arrangement = Arrangement.random(using: &generator)
        arrangement.draftBlocks = 100
        let requests = Self.requests(5, vocabulary: shape.vocabulary, using: &generator)
        try await rig.withEngine(arrangement, kernels: kernels, draft: rig) { engine in
            let written = try await writeTogether(requests, engine)
            let counters = await engine.status().speculation
            // By the law its logits are the model's bit for bit; the end of a text alone leaves guesses over.
            let leftOver = 5 * requests.reduce(0) { $0 + $1.n }
            #expect(
                counters.accepted > 0 && counters.drafted - counters.accepted <= leftOver, "seed \(seed): \(counters)")
            try await Self.expectPlain(written, requests, engine, "seed \(seed), \(kernels), \(arithmetic)")
        }
    }

    @Test("a draft model of other weights and another shape changes no text", arguments: UInt64(1)...12)
    func otherModel(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let shape = Self.shape(seed)
        let rig = try Rig(shape, arithmetic)
        let draft = try Rig(
            RandomCheckpoint(hidden: 16, heads: 2, layers: 1, vocabulary: shape.vocabulary, seed: seed + 100),
            Arithmetic.of(seed: seed + 5).arithmetic)
        var arrangement = Arrangement.random(using: &generator)
        // With few blocks some sequences find none there.
        arrangement.draftBlocks = [2, 5, 64].randomElement(using: &generator)!
        var requests = Self.requests(6, vocabulary: shape.vocabulary, using: &generator)
        // One that nobody guesses right.
        requests[5].parameters.temperature = 3
        (requests[5].parameters.maxTokens, requests[5].parameters.ignoreEOS) = (30, true)
        try await rig.withEngine(arrangement, kernels: kernels, draft: draft) { engine in
            let written = try await writeTogether(requests, engine)
            try await Self.expectPlain(
                written, requests, engine, "seed \(seed), \(kernels), \(arithmetic), \(arrangement)")
            let counters = await engine.status().speculation
            #expect(counters.drafted > counters.accepted || arrangement.draftBlocks < 64, "seed \(seed): \(counters)")
            #expect(engine.speculator?.draftModel?.cache.usedBlocks == 0, "seed \(seed): draft blocks are left over")
        }
    }

    @Test("long prompts are caught up in chunks, and the draft model is right from then on")
    func longPrompts() async throws {
        let shape = RandomCheckpoint(hidden: 16, heads: 4, layers: 2, vocabulary: 61)
        let rig = try Rig(shape)
        let prompts = rig.sequences([600, 300, 40], seed: 2)
        let requests = prompts.map { prompt in
            var parameters = SamplingParameters()
            parameters.maxTokens = 30
            parameters.ignoreEOS = true
            parameters.temperature = 0.8
            parameters.seed = 4
            return GenerationRequest(.tokens(prompt), parameters: parameters)
        }
        try await rig.withEngine(Arrangement(prefillChunk: 100), draft: rig) { engine in
            let written = try await writeTogether(requests, engine)
            try await Self.expectPlain(written, requests, engine, "long prompts")
            let counters = await engine.status().speculation
            #expect(counters.accepted > 40 && counters.drafted - counters.accepted <= 12, "\(counters)")
        }
    }

    @Test("preempted, abandoned and unfinished sequences leave no block in the draft model's cache")
    func draftBlocks() async throws {
        let shape = RandomCheckpoint(hidden: 16, heads: 4, layers: 1, vocabulary: 13)
        let rig = try Rig(shape)
        var generator = SplitMix64(seed: 3)
        let requests = Self.requests(6, vocabulary: 13, lengths: 3...30, using: &generator).map {
            var request = $0
            request.parameters.maxTokens = 40
            request.parameters.ignoreEOS = true
            return request
        }
        let arrangement = Arrangement(blockSize: 16, blocks: 8, maxBatch: 6, foresight: false)
        try await rig.withEngine(arrangement, draft: rig) { engine in
            async let abandoned = GenerationLawTests.write(requests[0], engine, stopAfter: 3)
            let written = try await writeTogether(requests, engine)
            _ = try await abandoned
            let status = await engine.status()
            #expect(status.preemptions > 0 && status.speculation.accepted > 0)
            try await Self.expectPlain(written, requests, engine, "preempted")
            #expect(engine.speculator?.draftModel?.cache.usedBlocks == 0)
            // And one that the engine's end cuts off.
            let cache = engine.speculator?.draftModel?.cache
            let stream = engine.generate(requests[1], tokenizer: nil)
            var tokens = stream.makeAsyncIterator()
            for _ in 0..<4 { _ = try await tokens.next() }
            await engine.shutdown()
            #expect(cache?.usedBlocks == 0)
        }
    }
}
