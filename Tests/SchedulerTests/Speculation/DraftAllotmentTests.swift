import Basics
import Foundation
import Testing

@testable import Scheduler

/// How many guesses ride on a step, given what steps cost.
@Suite struct DraftAllotmentTests {
    /// Costs as if steps of every size had been measured.
    static func costs(_ seconds: (Int) -> Double, head: (Int) -> Double = { _ in 0.0001 }) -> StepCosts {
        var costs = StepCosts(mostRows: 576, mostWanted: 64)
        for _ in 0..<3 {
            for rows in costs.layers.sizes { costs.layers.record(rows: rows, seconds: seconds(rows)) }
            for rows in costs.head.sizes { costs.head.record(rows: rows, seconds: head(rows)) }
        }
        return costs
    }

    /// Rows of each sequence.
    static func choose(
        _ chances: [[Double]], decoding: Int? = nil, prompts: Int = 0, room: Int = 60, _ costs: StepCosts,
        drafting: StepCosts? = nil
    ) -> [Int] {
        var allotment = DraftAllotment()
        for (sequence, chances) in chances.enumerated() {
            for (depth, chance) in chances.enumerated() {
                allotment.add(DraftAllotment.Row(chance: chance, sequence: sequence, depth: depth))
            }
        }
        let step = DraftAllotment.Step(decoding: decoding ?? chances.count, prompts: prompts, room: room)
        let count = allotment.choose(beside: step, by: costs, drafting: drafting)
        return chances.indices.map { sequence in allotment.rows[..<count].count { $0.sequence == sequence } }
    }

    @Test("where rows cost nothing, all that may come true are taken")
    func free() {
        let costs = Self.costs { _ in 0.01 }
        #expect(Self.choose([[0.9, 0.8, 0.7], [0.5, 0.2]], costs) == [3, 2])
        #expect(Self.choose([[0.9, 0.8, 0.7], [0.5, 0.2]], room: 3, costs) == [3, 0])
        #expect(Self.choose([[0.9, 0.8, 0.7], [0.5, 0.2]], room: 0, costs) == [0, 0])
        #expect(Self.choose([[], []], costs) == [0, 0])
    }

    @Test("where a row costs what a token costs, no guess pays")
    func linear() {
        let costs = Self.costs({ 0.001 * Double($0) }, head: { 0.001 * Double($0) })
        #expect(Self.choose([[0.99, 0.98, 0.97], [0.95]], costs) == [0, 0])
    }

    @Test("between the two, likely guesses pay and unlikely ones do not")
    func between() {
        // Ten rows cost as much as reading the weights.
        let costs = Self.costs { 0.01 + 0.001 * Double($0) }
        let chosen = Self.choose([[0.9, 0.81, 0.73, 0.66, 0.59, 0.53], [0.05, 0.01]], costs)
        #expect(chosen[0] >= 4 && chosen[1] == 0, "\(chosen)")
        #expect(Self.choose([[0.05, 0.01]], costs) == [0])
        // With many rows about, the same guesses are worth less than what they hold up.
        #expect(Self.choose([[0.5, 0.25]], decoding: 40, costs) == [0])
    }

    @Test("a promise too small to be sure of is not taken up")
    func smallGain() {
        let costs = Self.costs { _ in 0.01 }
        #expect(Self.choose([[0.02]], costs) == [0])
        #expect(Self.choose([[0.05]], costs) == [1])
    }

    @Test("measurements that say that more rows take less time are not believed")
    func fallingCosts() {
        let costs = Self.costs { 0.02 - 0.0001 * Double($0) }
        #expect(Self.choose([[0.02, 0.001]], costs) == [0])
        #expect(Self.choose([[0.9, 0.8]], costs) == [2])
    }

    @Test("beside prompts that fill the step a row costs its full price, and no guess pays")
    func prompts() {
        // Reading the weights takes as long as 24 rows.
        let costs = Self.costs { 0.001 * Double(max($0, 24)) }
        #expect(Self.choose([[0.9, 0.8]], costs) == [2])
        #expect(Self.choose([[0.9, 0.8]], prompts: 480, costs) == [0])
    }

    @Test("a draft model's steps must be paid for: the dearer they are, the less is guessed")
    func draftModel() {
        let costs = Self.costs { _ in 0.01 }
        let chances: [[Double]] = [(1...8).map { (depth: Int) -> Double in pow(0.8, Double(depth)) }]
        let free = Self.choose(chances, costs)
        let cheap = Self.choose(chances, costs, drafting: Self.costs { _ in 0.001 })
        let dear = Self.choose(chances, costs, drafting: Self.costs { _ in 0.004 })
        let asDear = Self.choose(chances, costs, drafting: Self.costs { _ in 0.01 })
        #expect(free == [8] && asDear == [0])
        #expect(cheap[0] < 8 && cheap[0] > dear[0] && dear[0] > 0, "\(cheap), \(dear)")
        // All sequences share the draft model's steps: for one alone of six they do not pay.
        let many = Array(repeating: chances[0], count: 6)
        #expect(Self.choose(many, costs, drafting: Self.costs { _ in 0.004 })[0] > 0)
        #expect(Self.choose(chances, decoding: 6, costs, drafting: Self.costs { _ in 0.004 }) == [0])
    }

    @Test("the same costs and chances give the same rows, whatever stood in the list before")
    func deterministic() {
        let costs = Self.costs { 0.01 + 0.0002 * Double($0) }
        func chances(of sequence: Int) -> [Double] {
            (1...8).map { (depth: Int) -> Double in 1 / Double(1 + depth * (1 + sequence % 3)) }
        }
        let chances = (0..<16).map(chances)
        let first = Self.choose(chances, costs)
        for _ in 0..<3 { #expect(Self.choose(chances, costs) == first) }
        #expect(first.reduce(0, +) > 0)
        // A sequence with better chances never gets fewer rows.
        for a in 0..<16 { for b in 0..<16 where a % 3 < b % 3 { #expect(first[a] >= first[b]) } }
    }

    @Test("guesses that fail are believed less, those that come true more, each kind of match by itself")
    func learning() {
        var all = AcceptanceRates(memory: 0.99)
        let speculation = SequenceSpeculation()
        let tokens: [TokenID] = [1, 2, 9, 5, 1, 2]
        func chance() -> Double {
            speculation.look(after: tokens, most: 1)
            return speculation.chance(ofToken: 0, all)
        }
        let before = chance()
        for _ in 0..<20 {
            _ = chance()
            speculation.learn(accepted: 0, last: 4, &all)
        }
        #expect(chance() < before / 4)
        // A new sequence has heard of it; a longer match is another matter.
        #expect(SequenceSpeculation().chance(afterMatch: 2, all) < before / 2)
        #expect(SequenceSpeculation().chance(afterMatch: 5, all) == SequenceSpeculation().chance(afterMatch: 5, .none))
        // What is not verified is learnt from all the same: 9 would have been right.
        for _ in 0..<20 {
            _ = chance()
            speculation.learn(accepted: 0, last: 9, &all)
        }
        #expect(chance() > before)
    }
}

extension AcceptanceRates {
    fileprivate static var none: AcceptanceRates { AcceptanceRates(memory: 0.99) }
}

extension SequenceSpeculation {
    /// The chance of a first guess read from a match of that length.
    fileprivate func chance(afterMatch length: Int, _ all: AcceptanceRates) -> Double {
        let run = (0..<length).map { TokenID($0 + 10) }
        look(after: [1] + run + [2, 3] + run, most: 1)
        return chance(ofToken: 0, all)
    }
}
