import Basics
import CKernels
import TestSupport
import Testing

@testable import Models

@Suite struct AttentionPlanTests {
    /// A sequence in a step: its blocks, and which of its positions are computed.
    struct Sequence {
        var blocks: [Int32]
        var first: Int
        var rows = 1
    }

    static func batch(_ sequences: [Sequence]) -> StepBatch {
        var batch = StepBatch()
        for sequence in sequences {
            batch.append(
                [TokenID](repeating: TokenID(1), count: sequence.rows), firstPosition: Position(sequence.first),
                blockTable: sequence.blocks, wanted: .last)
        }
        return batch
    }

    static func plan(_ sequences: [Sequence], blockTokens: Int) -> AttentionPlan {
        var plan = AttentionPlan()
        plan.make(for: batch(sequences), blockTokens: blockTokens)
        return plan
    }

    @Test("samples of one prompt pass over its whole tiles together")
    func samples() {
        // 700 prompt tokens in blocks of 64: ten whole blocks are shared, that is two whole tiles.
        let prompt = [Int32](0..<10)
        let sequences = (0..<5).map { Sequence(blocks: prompt + [20 + $0, 30 + $0], first: 700 + Int($0)) }
        let plan = Self.plan(sequences, blockTokens: 64)
        #expect(plan.groups.map(\.count) == [5] && plan.groups[0].shared_tiles == 2)
        #expect(
            plan.queries.map(\.row) == [0, 1, 2, 3, 4] && plan.queries.map(\.position) == [700, 701, 702, 703, 704])
    }

    @Test("strangers, short prompts and prompts that are computed stay by themselves")
    func alone() {
        let sequences = [
            Sequence(blocks: [1, 2], first: 290), Sequence(blocks: [3, 4], first: 290),
            Sequence(blocks: [5, 6], first: 200), Sequence(blocks: [5, 7], first: 255),
            Sequence(blocks: [8, 9], first: 256, rows: 2), Sequence(blocks: [8, 10], first: 300),
        ]
        let plan = Self.plan(sequences, blockTokens: 256)
        #expect(plan.groups.map(\.count) == [1, 1, 1, 1, 2, 1])
        #expect(plan.groups.allSatisfy { $0.shared_tiles == 0 })
    }

    @Test("a sequence that has little in common does not make the others share less")
    func families() {
        let sequences = [[0, 1, 2, 3, 90], [0, 1, 2, 3, 91], [0, 5, 6, 7, 92], [0, 5, 6, 7, 93]].map {
            Sequence(blocks: $0, first: 1100)
        }
        let plan = Self.plan(sequences, blockTokens: 256)
        #expect(plan.groups.map(\.count) == [2, 2] && plan.groups.map(\.shared_tiles) == [4, 4])
    }

    @Test("every row is in one group, shared tiles lie in the same blocks, and every stretch has its groups once")
    func random() {
        for seed in UInt64(0)..<200 {
            var random = SplitMix64(seed: seed)
            let blockTokens = [16, 48, 64, 256, 512].randomElement(using: &random)!
            let prefix = (0..<200).map { _ in Int32.random(in: 0..<9999, using: &random) }
            let sequences = (0..<Int.random(in: 1...70, using: &random)).map { _ in
                let first = Int.random(in: 0...2000, using: &random)
                let rows = Bool.random(using: &random) ? 1 : Int.random(in: 1...100, using: &random)
                var blocks = Array(prefix[..<((first + rows) / blockTokens + 1)])
                let cut = Int.random(in: 0...blocks.count, using: &random)
                for index in cut..<blocks.count { blocks[index] = Int32.random(in: 10000..<99999, using: &random) }
                return Sequence(blocks: blocks, first: first, rows: rows)
            }
            let plan = Self.plan(sequences, blockTokens: blockTokens)
            let rows = sequences.reduce(0) { $0 + $1.rows }
            #expect(plan.queries.map(\.row) == (0..<Int32(rows)).map { $0 }, "seed \(seed)")
            let batch = Self.batch(sequences)
            var next: Int32 = 0
            for group in plan.groups {
                #expect(group.first == next && group.count > 0)
                next += group.count
                let members = plan.queries[Int(group.first)..<Int(next)]
                let blocks = (Int(group.shared_tiles) * 256 + blockTokens - 1) / blockTokens
                let tables = members.map { batch.blockTables[Int($0.table)..<Int($0.table) + blocks] }
                #expect(tables.allSatisfy { $0.elementsEqual(tables[0]) }, "seed \(seed)")
                #expect(members.allSatisfy { $0.position >= group.shared_tiles * 256 }, "seed \(seed)")
                #expect(group.shared_tiles > 0 || Set(members.map(\.table)).count == 1, "seed \(seed)")
            }
            #expect(Int(next) == rows)
            // Three heads over four lanes, as Bloom.attend deals them out.
            var dealt: [Int] = []
            for lane in 0..<4 {
                let stretch = 3 * plan.cost * lane / 4..<3 * plan.cost * (lane + 1) / 4
                for before in [0, plan.cost, 2 * plan.cost] {
                    dealt += plan.groups(in: stretch.clamped(to: before..<before + plan.cost), of: before)
                }
            }
            #expect(dealt.sorted() == (0..<plan.groups.count).flatMap { [$0, $0, $0] }, "seed \(seed)")
        }
    }
}
