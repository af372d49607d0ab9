import Basics
import Dispatch
import Kernels
import TestSupport
import Testing

@testable import Scheduler

/// What beam search finds in a batch that others join and leave is what it finds alone, without a cache, to the last bit.
@Suite struct BeamLawTests {
    static func request(after prompt: [TokenID], using generator: inout SplitMix64) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.beams = BeamParameters(
            count: Int.random(in: 2...5, using: &generator),
            lengthPenalty: [1, 0, 2, -0.5].randomElement(using: &generator)!,
            earlyStopping: BeamParameters.EarlyStopping.allCases.randomElement(using: &generator)!)
        parameters.maxTokens = Int.random(in: 1...20, using: &generator)
        parameters.ignoreEOS = Bool.random(using: &generator)
        parameters.stopTokenIDs = (0..<[0, 3, 6].randomElement(using: &generator)!).map { _ in
            TokenID(Int.random(in: 4..<97, using: &generator))
        }
        if Bool.random(using: &generator) { parameters.logprobs = 2 }
        if Bool.random(using: &generator) { parameters.repetitionPenalty = 1.3 }
        if Bool.random(using: &generator) { parameters.minTokens = min(3, parameters.maxTokens) }
        let n = Int.random(in: 1...parameters.beams.count, using: &generator)
        return GenerationRequest(.tokens(prompt), parameters: parameters, n: n)
    }

    static func completions(_ request: GenerationRequest, _ engine: BatchEngine) async throws -> [Completion] {
        var completions: [Completion] = []
        for try await case .finished(let completion) in engine.generate(request, tokenizer: nil) {
            completions.append(completion)
        }
        return completions
    }

    /// All requests at once, each as it would be alone.
    static func check(_ requests: [GenerationRequest], _ engine: BatchEngine, _ comment: String) async throws {
        let found = try await writeTogether(requests, engine)
        for (index, request) in requests.enumerated() {
            guard case .tokens(let prompt) = request.prompt else { continue }
            let texts = found[index]
            if request.parameters.beams.isSearch {
                let alone = try await UncachedBeams(engine: engine).texts(of: request, after: prompt)
                #expect(texts.map(\.sample) == Array(0..<request.n), "request \(index), \(comment)")
                #expect(
                    texts.map(fingerprint(ofBeam:)) == alone.map { fingerprint($0) }, "request \(index), \(comment)")
            } else {
                let alone = try await UncachedWriter(engine: engine).tokens(
                    after: prompt, request.parameters, sample: 0)
                #expect(
                    fingerprint(try #require(texts.first)) == fingerprint(alone), "request \(index), \(comment)")
            }
        }
        let status = await engine.status()
        #expect(status.blocksUsed == 0, "blocks are left over, \(comment)")
    }

    @Test("searches in random batches find what they find alone without a cache", arguments: UInt64(1)...16)
    func randomSchedules(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let rig = try Rig(GenerationLawTests.shapes[Int(seed) % GenerationLawTests.shapes.count], arithmetic)
        let lengths = (0..<4).map { _ in Int.random(in: 1...50, using: &generator) }
        var requests = rig.sequences(lengths, seed: seed).map { Self.request(after: $0, using: &generator) }
        for prompt in rig.sequences([7, 30], seed: seed + 100) {
            requests.append(
                GenerationRequest(.tokens(prompt), parameters: GenerationLawTests.parameters(using: &generator)))
        }
        requests.shuffle(using: &generator)
        var arrangement = Arrangement.random(using: &generator)
        arrangement.maxBatch = Int.random(in: 5...14, using: &generator)
        try await rig.withEngine(arrangement, kernels: kernels) { engine in
            try await Self.check(requests, engine, "seed \(seed), \(kernels), \(arithmetic), \(arrangement)")
        }
    }

    @Test(
        "searches that lose their blocks are taken up again where they were",
        arguments: [BatchingPolicy.continuous, .static], KeyValueFormat.allCases)
    func preemption(_ policy: BatchingPolicy, _ keyValues: KeyValueFormat) async throws {
        let rig = try Rig(GenerationLawTests.shapes[0], Arithmetic(.f32, keyValues: keyValues))
        var generator = SplitMix64(seed: 31)
        let requests = rig.sequences([20, 9, 33, 14, 16], seed: 4).enumerated().map { index, prompt in
            var parameters = SamplingParameters()
            parameters.maxTokens = 40
            parameters.ignoreEOS = true
            parameters.seed = generator.next()
            // Searches and plain texts take blocks from each other.
            if index % 2 == 0 { parameters.beams = BeamParameters(count: 3) }
            return GenerationRequest(.tokens(prompt), parameters: parameters, n: index % 2 == 0 ? 2 : 1)
        }
        // The longest search needs 13 blocks at most.
        let arrangement = Arrangement(
            blockSize: 16, blocks: 13, shuffle: 3, policy: policy, maxBatch: 12,
            prefillChunk: keyValues == .bf16 ? 512 : 5, foresight: false)
        try await rig.withEngine(arrangement) { engine in
            try await Self.check(requests, engine, "\(arrangement)")
            let status = await engine.status()
            #expect(status.preemptions > 0, "nothing was preempted, so nothing was tested")
        }
    }

    @Test("a search whose blocks others want at any moment finds what it finds alone", arguments: UInt64(1)...4)
    func interruptions(_ seed: UInt64) async throws {
        let rig = try Rig(GenerationLawTests.shapes[1])
        var generator = SplitMix64(seed: seed)
        let requests = rig.sequences([30, 5], seed: seed).map { prompt in
            var parameters = SamplingParameters()
            parameters.maxTokens = 30
            parameters.ignoreEOS = true
            parameters.beams = BeamParameters(count: Int.random(in: 2...4, using: &generator))
            return GenerationRequest(.tokens(prompt), parameters: parameters)
        }
        try await rig.withEngine(Arrangement(blockSize: 16, prefillChunk: 8)) { engine in
            let every = Int.random(in: 11...19, using: &generator)
            Self.takeBlocks(from: engine, every: every, times: 4)
            try await Self.check(requests, engine, "seed \(seed), every \(every) steps")
            let status = await engine.status()
            #expect(status.preemptions > 1)
        }
    }

    /// Preempt whatever runs, every so many steps: on the engine's queue this and a step take turns.
    private static func takeBlocks(from engine: BatchEngine, every steps: Int, times: Int, step: Int = 0) {
        engine.queue.async {
            var (step, times) = (step, times)
            if engine.counters.generatedTokens > 0, !engine.scheduler.isIdle { step += 1 }
            if step == steps {
                engine.scheduler.preemptAll()
                (step, times) = (0, times - 1)
            }
            if times > 0, engine.state != .stopped { takeBlocks(from: engine, every: steps, times: times, step: step) }
        }
    }

    @Test("a search that is left holds no block, whether it waits, computes its prompt or follows its beams")
    func cancellation() async throws {
        let rig = try Rig(GenerationLawTests.shapes[0])
        var parameters = SamplingParameters()
        parameters.maxTokens = 400
        parameters.ignoreEOS = true
        parameters.beams = BeamParameters(count: 4)
        let requests = rig.sequences([40, 300, 10, 20], seed: 2).map {
            GenerationRequest(.tokens($0), parameters: parameters)
        }
        try await rig.withEngine(Arrangement(blocks: 256, maxBatch: 9, prefillChunk: 8)) { engine in
            let tasks = requests.map { request in Task { try await Self.completions(request, engine) } }
            while await engine.status().counters.generatedTokens < 30 { await Task.yield() }
            for task in tasks { task.cancel() }
            for task in tasks { _ = try? await task.value }
            let status = await engine.status()
            #expect(status.blocksUsed == 0 && status.running == 0 && status.waiting == 0)
        }
    }

    @Test("beams that can never run together are refused at once, with numbers")
    func refusals() async throws {
        let rig = try Rig(GenerationLawTests.shapes[0])
        let prompt = rig.sequences([20], seed: 1)[0]
        try await rig.withEngine(Arrangement(blockSize: 16, blocks: 20, maxBatch: 8)) { engine in
            func error(_ beams: Int, maxTokens: Int, _ change: (inout SamplingParameters) -> Void = { _ in }) async
                -> String?
            {
                var parameters = SamplingParameters()
                parameters.maxTokens = maxTokens
                parameters.beams = BeamParameters(count: beams)
                change(&parameters)
                do {
                    _ = try await Self.completions(GenerationRequest(.tokens(prompt), parameters: parameters), engine)
                    return nil
                } catch {
                    return (error as? RequestError)?.message
                }
            }
            #expect(
                await error(9, maxTokens: 5)?.contains("9 beams need as many places in the batch, but it has 8") == true
            )
            // One block of the prompt is shared; the rest of 20 + 76 − 1 tokens is five more for each.
            #expect(
                await error(4, maxTokens: 76)?.hasPrefix(
                    "4 beams of up to max_tokens need 21 blocks of the cache, but it has 20") == true)
            #expect(await error(4, maxTokens: 60) == nil)
            let ends = await error(8, maxTokens: 5) { $0.stopTokenIDs = (4..<20).map { TokenID($0) } }
            #expect(ends?.contains("leave choices for 4 beams, but 8 are asked for") == true)
            let status = await engine.status()
            #expect(status.blocksUsed == 0)
        }
    }

    @Test("the prompt is computed once for all beams")
    func sharedPrompt() async throws {
        let rig = try Rig(GenerationLawTests.shapes[0])
        var parameters = SamplingParameters()
        parameters.maxTokens = 6
        parameters.ignoreEOS = true
        parameters.beams = BeamParameters(count: 5)
        let request = GenerationRequest(.tokens(rig.sequences([200], seed: 9)[0]), parameters: parameters, n: 5)
        try await rig.withEngine { engine in
            _ = try await Self.completions(request, engine)
            let status = await engine.status()
            #expect(status.counters.promptTokens == 200)
            #expect(status.counters.generatedTokens == 1 + 5 * 5)
        }
    }
}
