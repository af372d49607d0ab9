import Basics
import Kernels
import Scheduler
import TestSupport
import Testing

/// Every row of the law's table (DESIGN, section 1) as equality of bits, always against the uncached single sequence.
@Suite struct LogitsLawTests {
    static let shapes = [
        RandomCheckpoint(hidden: 32, heads: 4),
        RandomCheckpoint(hidden: 36, heads: 6, residualAfterLayerNorm: true),
        RandomCheckpoint(hidden: 35, heads: 7, vocabulary: 131),
        RandomCheckpoint(hidden: 48, heads: 12, type: .bf16),
        RandomCheckpoint(hidden: 35, heads: 7, residualAfterLayerNorm: true, type: .bf16),
        RandomCheckpoint(hidden: 64, heads: 16),
        RandomCheckpoint(hidden: 160, heads: 2, layers: 1),
    ]
    static let lengths = [1, 2, 15, 16, 17, 40, 5, 33]

    @Test(
        "cached, batched and padded logits are the uncached ones, to the last bit", arguments: shapes)
    func roads(_ shape: RandomCheckpoint) async throws {
        for arithmetic in Arithmetic.all { try await roads(shape, arithmetic) }
    }

    private func roads(_ shape: RandomCheckpoint, _ arithmetic: Arithmetic) async throws {
        let rig = try Rig(shape, arithmetic)
        let sequences = rig.sequences(Self.lengths, seed: 7)
        try await rig.withEngine { engine in
            let alone = try await LogitTable.collect(sequences) {
                try await engine.scoreUncached(sequences, lastOnly: false, visit: $0)
            }
            #expect(alone.isMeaningful)
            let cached = try await LogitTable.collect(sequences) {
                try await engine.scoreCached(sequences, lastOnly: false, visit: $0)
            }
            #expect(cached.firstDifference(from: alone) == nil, "\(arithmetic)")
            let batched = try await LogitTable.collect(sequences) {
                try await engine.scoreBatched(sequences, lastOnly: false, visit: $0)
            }
            #expect(batched.firstDifference(from: alone) == nil, "\(arithmetic)")
            let padded = try await LogitTable.collect(sequences) {
                try await engine.scorePadded(sequences, lastOnly: false, visit: $0)
            }
            #expect(padded.firstDifference(from: alone) == nil, "\(arithmetic)")
        }
    }

    @Test("no block size, block order, batch, chunk, policy or thread count changes a bit", arguments: UInt64(1)...40)
    func randomArrangements(_ seed: UInt64) async throws {
        var generator = SplitMix64(seed: seed)
        let (arithmetic, kernels) = Arithmetic.of(seed: seed)
        let rig = try Rig(Self.shapes[Int(seed) % Self.shapes.count], arithmetic)
        let lengths = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
            Int.random(in: 1...70, using: &generator)
        }
        let sequences = rig.sequences(lengths, seed: seed)
        let alone = try await rig.withEngine(Arrangement(threads: 1), kernels: kernels) { engine in
            try await LogitTable.collect(sequences) {
                try await engine.scoreUncached(sequences, lastOnly: false, visit: $0)
            }
        }
        #expect(alone.isMeaningful)
        for _ in 0..<3 {
            let arrangement = Arrangement.random(using: &generator)
            try await rig.withEngine(arrangement, kernels: kernels) { engine in
                let batched = try await LogitTable.collect(sequences) {
                    try await engine.scoreBatched(sequences, lastOnly: false, visit: $0)
                }
                #expect(
                    batched.firstDifference(from: alone) == nil,
                    "seed \(seed), batched, \(kernels), \(arithmetic), \(arrangement)")
                let padded = try await LogitTable.collect(sequences) {
                    try await engine.scorePadded(sequences, lastOnly: false, visit: $0)
                }
                #expect(
                    padded.firstDifference(from: alone) == nil,
                    "seed \(seed), padded, \(kernels), \(arithmetic), \(arrangement)")
            }
        }
    }

    @Test("every instruction set gives the same bits in every format, AMX in bf16 its own", arguments: shapes)
    func instructionSets(_ shape: RandomCheckpoint) async throws {
        for arithmetic in Arithmetic.all { try await instructionSets(shape, arithmetic) }
    }

    private func instructionSets(_ shape: RandomCheckpoint, _ arithmetic: Arithmetic) async throws {
        let rig = try Rig(shape, arithmetic)
        let sequences = rig.sequences([1, 19, 50], seed: 3)
        var tables: [Bool: LogitTable] = [:]  // the first of those that add bf16 in one of the two orders
        for name in KernelSet.available {
            let addsInTiles = try KernelSet.select(named: name).addsBF16InTiles && arithmetic.multipliesBF16
            let table = try await rig.withEngine(kernels: name) { engine in
                try await LogitTable.collect(sequences) {
                    try await engine.scoreBatched(sequences, lastOnly: false, visit: $0)
                }
            }
            #expect(table.isMeaningful)
            let first = tables[addsInTiles, default: table]
            #expect(table.firstDifference(from: first) == nil, "\(name), \(arithmetic)")
            tables[addsInTiles] = first
        }
    }

    @Test(
        "a context over several softmax tiles is the same in any chunk, over any block",
        arguments: KeyValueFormat.allCases)
    func longContext(_ keyValues: KeyValueFormat) async throws {
        let rig = try Rig(
            RandomCheckpoint(hidden: 16, heads: 4, layers: 1, vocabulary: 61), Arithmetic(.f32, keyValues: keyValues))
        let sequences = rig.sequences([600, 300], seed: 5)
        let alone = try await rig.withEngine { engine in
            try await LogitTable.collect(sequences) {
                try await engine.scoreUncached(sequences, lastOnly: false, visit: $0)
            }
        }
        for arrangement in [
            Arrangement(blockSize: 16, shuffle: 1, prefillChunk: 97),
            Arrangement(blockSize: 128, blocks: 8, prefillChunk: 512),
        ] {
            let batched = try await rig.withEngine(arrangement) { engine in
                try await LogitTable.collect(sequences) {
                    try await engine.scoreBatched(sequences, lastOnly: false, visit: $0)
                }
            }
            #expect(batched.firstDifference(from: alone) == nil, "\(arrangement)")
        }
    }

    /// `LaneRows`: 8,192 elements or fewer each lane forms for itself, more all lanes form together. With a width of 160
    /// that is between 51 and 52 rows, with the inner width of 640 between 12 and 13.
    @Test(
        "a row is the same formed by each lane for itself and by all lanes together", arguments: WeightFormat.allCases)
    func formedRows(_ format: WeightFormat) async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 160, heads: 2, layers: 1), Arithmetic(format, keyValues: .f32))
        let sequences = rig.sequences([12, 13, 51, 52, 60], seed: 9)
        let oneByOne = try await rig.withEngine(Arrangement(prefillChunk: 1, threads: 1)) { engine in
            try await LogitTable.collect(sequences) {
                try await engine.scoreCached(sequences, lastOnly: false, visit: $0)
            }
        }
        #expect(oneByOne.isMeaningful)
        for threads in [1, 2, 3, 5] {
            try await rig.withEngine(Arrangement(prefillChunk: 512, threads: threads)) { engine in
                let alone = try await LogitTable.collect(sequences) {
                    try await engine.scoreUncached(sequences, lastOnly: false, visit: $0)
                }
                #expect(alone.firstDifference(from: oneByOne) == nil, "uncached, \(threads) threads")
                let together = try await LogitTable.collect(sequences) {
                    try await engine.scoreBatched(sequences, lastOnly: false, visit: $0)
                }
                #expect(together.firstDifference(from: oneByOne) == nil, "batched, \(threads) threads")
            }
        }
    }

    /// More rows than a band and more panels than lanes can share evenly: 9 of queries, keys and values, 10 of logits.
    @Test("a long prompt is the same in one step of many bands on any lanes", arguments: WeightFormat.allCases)
    func manyBands(_ format: WeightFormat) async throws {
        let rig = try Rig(
            RandomCheckpoint(hidden: 192, heads: 3, layers: 1, vocabulary: 600),
            Arithmetic(format, keyValues: format == .f32 ? .f32 : format == .bf16 ? .bf16 : .int8))
        let sequences = rig.sequences([400, 1], seed: 12)
        let expected = try await rig.withEngine(Arrangement(prefillChunk: 31, threads: 1)) { engine in
            try await LogitTable.collect(sequences) {
                try await engine.scoreCached(sequences, lastOnly: false, visit: $0)
            }
        }
        #expect(expected.isMeaningful)
        for threads in [1, 2, 3] {
            try await rig.withEngine(Arrangement(prefillChunk: 512, threads: threads)) { engine in
                let together = try await LogitTable.collect(sequences) {
                    try await engine.scoreBatched(sequences, lastOnly: false, visit: $0)
                }
                #expect(together.firstDifference(from: expected) == nil, "\(threads) threads")
            }
        }
    }

    @Test("the last position alone is the last row of all")
    func lastOnly() async throws {
        let rig = try Rig(Self.shapes[0])
        let sequences = rig.sequences([9, 1, 30], seed: 2)
        try await rig.withEngine(Arrangement(prefillChunk: 4)) { engine in
            let all = try await LogitTable.collect(sequences) {
                try await engine.scoreUncached(sequences, lastOnly: false, visit: $0)
            }
            let roads: [LogitTable.Scoring] = [
                { try await engine.scoreUncached(sequences, lastOnly: true, visit: $0) },
                { try await engine.scoreCached(sequences, lastOnly: true, visit: $0) },
                { try await engine.scoreBatched(sequences, lastOnly: true, visit: $0) },
                { try await engine.scorePadded(sequences, lastOnly: true, visit: $0) },
            ]
            for road in roads {
                let last = try await LogitTable.collect(sequences, road)
                for (index, rows) in last.bits.enumerated() {
                    #expect(rows.dropLast().allSatisfy { $0.isEmpty })
                    #expect(rows.last == all.bits[index].last)
                }
            }
        }
    }
}
