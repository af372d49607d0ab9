import Basics
import Dispatch
import Kernels
import PagedCache
import TestSupport
import Testing

@testable import Scheduler

/// Whether a block was computed for a sequence itself or for another one with the same first tokens shows in no bit.
@Suite struct PrefixLawTests {
    static let shape = RandomCheckpoint(hidden: 32, heads: 4)

    /// Prompts that go the same way for a while: to the end of a block, beyond it, not so far, all the way.
    static func family(_ rig: Rig, seed: UInt64) -> [[TokenID]] {
        let trunk = rig.sequences([100], seed: seed)[0]
        let tails = rig.sequences([9, 20, 1, 3, 40], seed: seed + 1)
        return zip([96, 97, 50, 64, 33], tails).map { trunk.prefix($0) + $1 } + [trunk, trunk, Array(trunk.prefix(96))]
    }

    static func parameters(_ seed: UInt64, tokens: Int) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.maxTokens = tokens
        parameters.ignoreEOS = true
        parameters.logprobs = 2
        parameters.seed = seed
        parameters.temperature = seed % 3 == 0 ? 0 : 1
        return parameters
    }

    /// Hand in all requests together; every text must be the one that is written alone without a cache.
    static func check(_ requests: [GenerationRequest], _ engine: BatchEngine, _ what: String) async throws {
        try await expectWrittenAlone(try await writeTogether(requests, engine), requests, engine, what)
    }

    @Test("texts behind cached blocks are those computed whole, in every format", arguments: Arithmetic.all.indices)
    func hits(_ index: Int) async throws {
        let rig = try Rig(Self.shape, Arithmetic.all[index])
        var generator = SplitMix64(seed: UInt64(index))
        var arrangement = Arrangement.random(using: &generator)
        arrangement.blockSize = [16, 32].randomElement(using: &generator)!
        (arrangement.blocks, arrangement.prefixCache) = (96, true)
        let prompts = Self.family(rig, seed: 40 + UInt64(index))
        try await rig.withEngine(arrangement) { [arrangement] engine in
            for round in 0..<2 {
                let before = await engine.status()
                let requests = prompts.enumerated().map {
                    GenerationRequest(.tokens($1), parameters: Self.parameters(UInt64($0 + round), tokens: 5))
                }
                try await Self.check(requests, engine, "\(Arithmetic.all[index]), \(arrangement), round \(round)")
                let after = await engine.status()
                let hits = after.prefixes.adoptedTokens - before.prefixes.adoptedTokens
                // The first static batch may hold all of them, and then none computed anything before another.
                #expect(hits > 0 || arrangement.policy == .static && round == 0)
                #expect(after.blocksUsed == 0 && after.blocksCached > 0)
                #expect(
                    hits + after.counters.promptTokens - before.counters.promptTokens
                        == prompts.reduce(0) { $0 + $1.count })
                guard round == 1 else { continue }
                let cached = prompts.reduce(0) { $0 + ($1.count - 1) / arrangement.blockSize * arrangement.blockSize }
                #expect(hits == cached, "the second time all full blocks are there")
            }
        }
    }

    @Test("logits behind cached blocks are the uncached ones, in every format", arguments: Arithmetic.all.indices)
    func logits(_ index: Int) async throws {
        let rig = try Rig(Self.shape, Arithmetic.all[index])
        let sequences = Self.family(rig, seed: 70)
        try await rig.withEngine(Arrangement(blockSize: 16, blocks: 128, prefixCache: true)) { engine in
            let alone = try await LogitTable.collect(sequences) {
                try await engine.scoreUncached(sequences, lastOnly: false, visit: $0)
            }
            #expect(alone.isMeaningful)
            let whole: [LogitTable.Scoring] = [
                { try await engine.scoreBatched(sequences, lastOnly: false, visit: $0) },
                { try await engine.scoreCached(sequences, lastOnly: false, visit: $0) },
            ]
            for road in whole {
                let table = try await LogitTable.collect(sequences, road)
                #expect(table.firstDifference(from: alone) == nil, "\(Arithmetic.all[index])")
            }
            let computed = await engine.status()
            #expect(computed.prefixes.adoptedTokens == 0 && computed.prefixes.duplicates > 0)
            let last: [LogitTable.Scoring] = [
                { try await engine.scoreBatched(sequences, lastOnly: true, visit: $0) },
                { try await engine.scoreCached(sequences, lastOnly: true, visit: $0) },
                { try await engine.scorePadded(sequences, lastOnly: true, visit: $0) },
            ]
            for road in last {
                let table = try await LogitTable.collect(sequences, road)
                for (sequence, rows) in table.bits.enumerated() {
                    #expect(rows.last == alone.bits[sequence].last, "\(Arithmetic.all[index]), sequence \(sequence)")
                }
            }
            let adopted = await engine.status()
            #expect(adopted.prefixes.adoptedTokens > 0 && adopted.blocksUsed == 0)
        }
    }

    @Test("samples that fork off cached blocks are those written one by one", arguments: KeyValueFormat.allCases)
    func forks(_ keyValues: KeyValueFormat) async throws {
        let rig = try Rig(Self.shape, Arithmetic(.f32, keyValues: keyValues))
        let prompts = Self.family(rig, seed: 90)
        let arrangement = Arrangement(blockSize: 16, blocks: 128, shuffle: 2, maxBatch: 6, prefixCache: true)
        try await rig.withEngine(arrangement) { engine in
            // Some of the samples find no room in the batch, and come back as sequences of their own.
            let requests = prompts.prefix(4).map {
                GenerationRequest(.tokens($0), parameters: Self.parameters(7, tokens: 18), n: 3)
            }
            try await Self.check(Array(requests), engine, "\(keyValues)")
            let status = await engine.status()
            #expect(status.prefixes.adoptedTokens > 0 && status.blocksUsed == 0)
        }
    }

    @Test("blocks that made room for others are computed again, and no text changes", arguments: UInt64(1)...4)
    func eviction(_ seed: UInt64) async throws {
        let rig = try Rig(Self.shape, Arithmetic.of(seed: seed).arithmetic)
        let prompts = Self.family(rig, seed: seed) + Self.family(rig, seed: seed + 100)
        let arrangement = Arrangement(blockSize: 16, blocks: 14, shuffle: seed, maxBatch: 3, prefixCache: true)
        try await rig.withEngine(arrangement) { engine in
            let requests = prompts.enumerated().map {
                GenerationRequest(.tokens($1), parameters: Self.parameters(UInt64($0), tokens: 4))
            }
            try await Self.check(requests, engine, "seed \(seed)")
            let status = await engine.status()
            #expect(status.prefixes.evictions > 0 && status.prefixes.adoptedTokens > 0 && status.blocksUsed == 0)
        }
    }

    @Test(
        "sequences that lose their blocks and find some of them again write on as before",
        arguments: [BatchingPolicy.continuous, .static], [WeightFormat.f32, .int8])
    func preemption(_ policy: BatchingPolicy, _ format: WeightFormat) async throws {
        let rig = try Rig(Self.shape, Arithmetic(format, keyValues: .bf16))
        let trunk = rig.sequences([20], seed: 3)[0]
        let requests = rig.sequences([3, 9, 14, 1, 6, 11], seed: 4).enumerated().map {
            GenerationRequest(.tokens(trunk + $1), parameters: Self.parameters(UInt64($0), tokens: 40))
        }
        let arrangement = Arrangement(
            blockSize: 16, blocks: 10, shuffle: 3, policy: policy, maxBatch: 6, foresight: false, prefixCache: true)
        try await rig.withEngine(arrangement) { engine in
            try await Self.check(requests, engine, "\(policy), \(format)")
            let status = await engine.status()
            #expect(status.preemptions > 0, "nothing was preempted, so nothing was tested")
            #expect(status.prefixes.adoptedTokens > 0 && status.blocksUsed == 0)
        }
    }

    @Test("whoever is given up while others wait for its blocks leaves no trace in them", arguments: UInt64(1)...6)
    func cancellation(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let rig = try Rig(Self.shape, Arithmetic.of(seed: seed).arithmetic)
        let trunk = rig.sequences([200], seed: seed)[0]
        let prompts = rig.sequences([1, 9, 3, 30, 2], seed: seed + 1).map { trunk + $0 }
        let arrangement = Arrangement(blockSize: 16, shuffle: seed, prefillChunk: 16, prefixCache: true)
        let delays = (0..<3).map { _ in Int.random(in: 0...40, using: &generator) }
        try await rig.withEngine(arrangement) { engine in
            let abandoned = delays.enumerated().map { index, delay in
                let request = GenerationRequest(.tokens(prompts[index]), parameters: Self.parameters(1, tokens: 50))
                return Task {
                    let reader = Task { for try await _ in engine.generate(request, tokenizer: nil) {} }
                    for _ in 0..<delay { await Task.yield() }
                    reader.cancel()
                    _ = await reader.result
                }
            }
            let requests = prompts.enumerated().map {
                GenerationRequest(.tokens($1), parameters: Self.parameters(UInt64($0), tokens: 4))
            }
            try await Self.check(requests, engine, "seed \(seed)")
            for task in abandoned { await task.value }
            let status = await engine.status()
            #expect(status.blocksUsed == 0 && status.prefixes.adoptedTokens > 0)
        }
    }

    @Test("a conversation's next turn begins behind the last one's blocks, its answer's too")
    func turns() async throws {
        let rig = try Rig(Self.shape)
        let questions = rig.sequences([30, 5, 12, 1], seed: 33)
        try await rig.withEngine(Arrangement(blockSize: 16, prefixCache: true)) { engine in
            var text: [TokenID] = []
            for (turn, question) in questions.enumerated() {
                // The last token of an answer was drawn, but never computed.
                let stored = max(0, text.count - 1)
                text += question
                let before = await engine.status()
                let request = GenerationRequest(
                    .tokens(text), parameters: Self.parameters(UInt64(turn), tokens: 20))
                try await Self.check([request], engine, "turn \(turn)")
                let after = await engine.status()
                #expect(
                    after.prefixes.adoptedTokens - before.prefixes.adoptedTokens
                        == min(stored, text.count - 1) / 16 * 16)
                let answer = try #require(await GenerationLawTests.write(request, engine, stopAfter: nil))
                text += answer.tokenIDs
            }
        }
    }

    @Test("hashes that always collide mix no sequences")
    func collisions() async throws {
        let rig = try Rig(Self.shape)
        let prompts = Self.family(rig, seed: 60) + rig.sequences([60, 61, 90], seed: 61)
        let arrangement = Arrangement(
            blockSize: 16, blocks: 40, prefixCache: true, prefixHash: PrefixHash(seed: 0) { _, _ in 0 })
        try await rig.withEngine(arrangement) { engine in
            for round in 0..<2 {
                let requests = prompts.enumerated().map {
                    GenerationRequest(.tokens($1), parameters: Self.parameters(UInt64($0 + round), tokens: 4))
                }
                try await Self.check(requests, engine, "round \(round)")
            }
            let status = await engine.status()
            #expect(status.prefixes.adoptedTokens > 0)
        }
    }
}
