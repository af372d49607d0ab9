import Basics
import Kernels
import TestSupport
import Testing

@testable import Scheduler

/// Whoever loses its blocks, and however it gets them back, writes what it writes alone without a cache.
@Suite struct PreemptionLawTests {
    /// All at once through one engine; each text against the one written alone.
    private func check(
        _ requests: [GenerationRequest], _ rig: Rig, _ arrangement: Arrangement, kernels: String? = nil,
        _ place: String,
        _ inspect: (BatchEngineStatus) -> Void
    ) async throws {
        try await rig.withEngine(arrangement, kernels: kernels) { engine in
            let written = try await writeTogether(requests, engine)
            let status = await engine.status()
            inspect(status)
            #expect(status.blocksUsed == 0 && status.swapping.slotsUsed == 0, "\(place): something is left over")
            try await expectWrittenAlone(written, requests, engine, "\(place), \(arrangement)")
        }
    }

    private func requests(_ rig: Rig, _ lengths: [Int], tokens: Int, n: Int = 1, seed: UInt64) -> [GenerationRequest] {
        var generator = SplitMix64(seed: seed)
        return rig.sequences(lengths, seed: seed).map { prompt in
            var parameters = GenerationLawTests.parameters(using: &generator)
            parameters.maxTokens = tokens
            parameters.ignoreEOS = true
            return GenerationRequest(.tokens(prompt), parameters: parameters, n: n)
        }
    }

    @Test(
        "swapped out and back, in every format of the cache and any block size",
        arguments: KeyValueFormat.allCases, [16, 32, 48])
    func swapping(_ format: KeyValueFormat, _ blockSize: Int) async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 35, heads: 7), Arithmetic(.f32, keyValues: format))
        // Room for about two of the six at their full length.
        let arrangement = Arrangement(
            blockSize: blockSize, blocks: 144 / blockSize, shuffle: 3, maxBatch: 6, threads: 3, swapSlots: 30,
            preemption: .swap, foresight: false)
        let requests = requests(rig, [20, 9, 30, 14, 3, 25], tokens: 40, seed: 5)
        try await check(requests, rig, arrangement, "\(format), blocks of \(blockSize)") { status in
            #expect(status.swapping.sequences > 0, "nothing was swapped, so nothing was tested")
            #expect(status.swapping.bytesIn == status.swapping.bytesOut && status.swapping.bytesIn > 0)
        }
    }

    @Test("a static batch whose rows are swapped out goes on in a later one")
    func staticBatch() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        let arrangement = Arrangement(
            blockSize: 16, blocks: 9, policy: .static, maxBatch: 6, swapSlots: 30, preemption: .swap, foresight: false)
        try await check(requests(rig, [20, 9, 30, 14, 3, 25], tokens: 40, seed: 6), rig, arrangement, "static") {
            #expect($0.swapping.sequences > 0)
        }
    }

    @Test("samples of one prompt, of which one at a time finds room, and which are swapped while they share blocks")
    func samples() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4, type: .bf16))
        for (foresight, preemption) in [
            (false, PreemptionMethod.swap), (false, .recompute), (true, .auto),
        ] {
            // 37 + 40 - 1 tokens fit into the cache with four to spare: one tail beside the prompt.
            let arrangement = Arrangement(
                blockSize: 16, blocks: 5, maxBatch: 8, swapSlots: 20, preemption: preemption, foresight: foresight)
            let requests = requests(rig, [37], tokens: 40, n: 4, seed: 7)
            try await check(requests, rig, arrangement, "\(preemption)") { status in
                if !foresight { #expect(status.preemptions > 0, "\(preemption)") }
            }
        }
    }

    @Test("urgent requests throw others out in the middle of prompts and texts", arguments: UInt64(1)...12)
    func priorities(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4), arithmetic)
        var requests: [GenerationRequest] = []
        for index in 0..<9 {
            requests += self.requests(
                rig, [Int.random(in: 1...50, using: &generator)], tokens: Int.random(in: 1...30, using: &generator),
                n: index % 4 == 3 ? 2 : 1, seed: generator.next())
            requests[index].priority = Int.random(in: -1...1, using: &generator)
            if Bool.random(using: &generator) { requests[index].deadline = .seconds(3600 + index) }
        }
        let blockSize = [16, 32].randomElement(using: &generator)!
        var arrangement = Arrangement(
            blockSize: blockSize, blocks: Int.random(in: 96 / blockSize...160 / blockSize, using: &generator),
            shuffle: seed, maxBatch: Int.random(in: 1...9, using: &generator),
            prefillChunk: [5, 16, nil].randomElement(using: &generator)!,
            threads: [1, 2, 3].randomElement(using: &generator)!,
            swapSlots: Int.random(in: 0...12, using: &generator),
            preemption: PreemptionMethod.allCases.randomElement(using: &generator)!,
            foresight: Bool.random(using: &generator))
        arrangement.prefixCache = Bool.random(using: &generator)
        try await check(requests, rig, arrangement, kernels: kernels, "seed \(seed), \(arithmetic)") { _ in }
    }

    @Test("a long prompt is swapped out half computed, for a more urgent request, and its text is the same")
    func halfComputed() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4), Arithmetic(.f32, keyValues: .int8))
        let arrangement = Arrangement(
            blockSize: 16, blocks: 12, maxBatch: 1, prefillChunk: 1, swapSlots: 12, preemption: .swap)
        let requests = requests(rig, [150, 9], tokens: 6, seed: 8).enumerated().map { index, request in
            var request = request
            request.priority = -index
            if index == 0 { request.deadline = .seconds(1_000_000) }
            return request
        }
        try await rig.withEngine(arrangement) { engine in
            let late = LateRequest(requests[1], engine, reading: 30)
            let stream = engine.generate(requests[0], tokenizer: nil)
            let first = try await completion(of: stream)
            let completions = [first, try await completion(of: await late.events())]
            for (request, completion) in zip(requests, completions) {
                guard case .tokens(let prompt) = request.prompt else { continue }
                let alone = try await UncachedWriter(engine: engine).tokens(
                    after: prompt, request.parameters, sample: 0)
                #expect(fingerprint(try #require(completion)) == fingerprint(alone))
            }
            let status = await engine.status()
            // Had it decoded already when the other came, the prompt would have been stored as a whole; it has 150 tokens.
            #expect(status.swapping.sequences == 1 && status.counters.promptTokens == 159)
        }
    }
}
