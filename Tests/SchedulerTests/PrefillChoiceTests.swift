import TestSupport
import Testing

@testable import Scheduler

/// How many prompt rows a step takes on, for machines that are nothing but a curve of seconds over rows.
@Suite struct PrefillChoiceTests {
    /// Seconds of a step's layers and of its head.
    struct Machine: Sendable {
        var layers: @Sendable (Int) -> Double
        var head: @Sendable (Int) -> Double = { Double($0) }

        /// Every size measured twice.
        func costs(mostRows: Int) -> StepCosts {
            var costs = StepCosts(mostRows: mostRows, mostWanted: 64, band: 96)
            for _ in 0..<2 {
                for rows in costs.layers.sizes { costs.layers.record(rows: rows, seconds: layers(rows)) }
                for rows in costs.head.sizes { costs.head.record(rows: rows, seconds: head(rows)) }
            }
            return costs
        }

        func choice(
            decoding: Int, prompts: Int, sequences: Int = 64, mostRows: Int = 576, stepTime: Double? = nil
        ) -> Int {
            PrefillChoice(
                decoding: decoding, prompts: prompts, sequences: sequences, mostRows: mostRows, stepTime: stepTime
            )
            .rows(by: costs(mostRows: mostRows))
        }
    }

    static let linear = Machine { Double($0) }
    /// Memory-bound up to 24 rows.
    static let flatThenLinear = Machine {
        Double(max(24, $0))
    } head: {
        Double(max(24, $0))
    }
    /// Every band of 96 rows costs the same, however few of it are there.
    static let staircase = Machine { Double(($0 + 95) / 96 * 96) }
    /// Beyond 192 rows activations fall out of the cache.
    static let cacheBound = Machine { $0 <= 240 ? Double($0) : 1.5 * Double($0) }

    @Test("where a row costs the same in any step, the step is filled: prompts done sooner let more decode together")
    func linearIsFilled() {
        for decoding in [0, 1, 20, 60] {
            #expect(Self.linear.choice(decoding: decoding, prompts: 5000) == 576 - decoding)
            #expect(Self.flatThenLinear.choice(decoding: decoding, prompts: 5000) == 576 - decoding)
        }
    }

    @Test("where bands are what costs, only whole bands are run")
    func wholeBands() {
        for decoding in [0, 8, 40] {
            #expect(Self.staircase.choice(decoding: decoding, prompts: 5000, mostRows: 540) == 480 - decoding)
        }
    }

    @Test("where large steps are slow, steps stay below", arguments: [0, 10, 60])
    func belowTheCliff(decoding: Int) {
        #expect(Self.cacheBound.choice(decoding: decoding, prompts: 5000) == 192 - decoding)
    }

    @Test("the rest of the prompts is no step of its own if it fits")
    func rest() {
        #expect(Self.flatThenLinear.choice(decoding: 0, prompts: 100) == 100)
        #expect(Self.flatThenLinear.choice(decoding: 30, prompts: 1) == 1)
        #expect(Self.flatThenLinear.choice(decoding: 0, prompts: 512) == 512)
    }

    @Test("few decoding rows do not drag the head's weights through small chunks, though large ones cost a little more")
    func headReads() {
        let machine = Machine {
            $0 <= 240 ? Double($0) : 1.05 * Double($0)
        } head: {
            Double(max(32, $0))
        }
        #expect(machine.choice(decoding: 2, prompts: 5000) == 574)
        #expect(machine.choice(decoding: 60, prompts: 5000) == 132, "with many it is the rows' own cost that counts")
    }

    @Test("a bounded step takes as many prompt rows as its time allows, while rows decode")
    func boundedStep() {
        func chosen(_ decoding: Int, _ seconds: Double?) -> Int {
            Self.flatThenLinear.choice(decoding: decoding, prompts: 5000, stepTime: seconds)
        }
        // The head takes what 24 rows take.
        #expect(chosen(10, 124) == 86 && chosen(10, 500) == 466)
        #expect(chosen(10, 10_000) == 566 && chosen(10, nil) == 566)
        #expect(chosen(0, 124) == 576, "nobody waits for a token")
        // A step without prompts takes 48, so that one with them may take 96.
        #expect(chosen(10, 1) == 62)
        #expect(Self.flatThenLinear.choice(decoding: 10, prompts: 20, stepTime: 124) == 20)
        let nothingMeasured = PrefillChoice(decoding: 10, prompts: 5000, sequences: 10, mostRows: 576, stepTime: 1e-9)
        #expect(nothingMeasured.rows(by: StepCosts(mostRows: 576, mostWanted: 64)) == 566)
    }

    @Test("whatever was measured, prompts get a row at least, and never more than there are or fit")
    func bounds() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let mostRows = [2, 65, 96, 513, 576, 4608].randomElement(using: &random)!
            var costs = StepCosts(mostRows: mostRows, mostWanted: 64)
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                costs.layers.record(
                    rows: .random(in: 1...mostRows, using: &random), seconds: .random(in: 1e-9...10, using: &random))
                costs.head.record(
                    rows: .random(in: 1...64, using: &random), seconds: .random(in: 1e-9...10, using: &random))
            }
            let choice = PrefillChoice(
                decoding: .random(in: 0..<min(mostRows, 300), using: &random),
                prompts: .random(in: 1...20000, using: &random), sequences: .random(in: 0...300, using: &random),
                mostRows: mostRows, stepTime: Bool.random(using: &random) ? nil : .random(in: 0...10, using: &random))
            let rows = choice.rows(by: costs)
            #expect((1...min(choice.prompts, mostRows - choice.decoding)).contains(rows), "seed \(seed): \(choice)")
        }
        let nothing = PrefillChoice(decoding: 3, prompts: 0, sequences: 3, mostRows: 9)
        #expect(nothing.rows(by: Self.linear.costs(mostRows: 9)) == 0)
    }
}

/// The same with a scheduler that learns from its own steps.
@Suite struct MeasuredStepTests {
    @Test(
        "the scheduler finds a machine's best step by itself, and every decoding row is in each step",
        arguments: [
            (PrefillChoiceTests.linear, 520), (PrefillChoiceTests.flatThenLinear, 520),
            (PrefillChoiceTests.staircase, 480), (PrefillChoiceTests.cacheBound, 192),
        ])
    func convergence(machine: PrefillChoiceTests.Machine, best: Int) throws {
        let bench = try SchedulerBench(blocks: 3000, maxBatch: 8, prefillChunk: nil)
        for _ in 0..<3 { bench.add(5) }
        _ = bench.step(on: machine)
        for _ in 0..<5 { bench.add(4000) }
        var sums: [Int] = []
        for _ in 0..<30 {
            let rows = bench.step(on: machine)
            #expect((1...3).allSatisfy { rows[$0] == 1 })
            sums.append(rows.values.reduce(0, +))
        }
        #expect(sums.suffix(10).allSatisfy { $0 == best }, "\(sums)")
    }

    @Test("a size is not held for slow for ever because the machine was busy when it ran")
    func slowStart() throws {
        let bench = try SchedulerBench(blocks: 6000, maxBatch: 8, prefillChunk: nil)
        let busy = PrefillChoiceTests.Machine { 1.5 * Double($0) }
        for _ in 0..<8 { bench.add(11000) }
        for _ in 0..<3 { _ = bench.step(on: busy) }
        var sums: [Int] = []
        for _ in 0..<150 { sums.append(bench.step(on: PrefillChoiceTests.linear).values.reduce(0, +)) }
        #expect(sums[50] < 520, "the busy steps count against the size that ran: \(sums)")
        #expect(sums.suffix(5).allSatisfy { $0 == 520 }, "\(sums)")
    }

    @Test("a chunk that was asked for is kept whatever steps cost")
    func explicitChunk() throws {
        let bench = try SchedulerBench(blocks: 100, prefillChunk: 50)
        bench.add(1000)
        for _ in 0..<20 { #expect(bench.step(on: PrefillChoiceTests.cacheBound) == [1: 50]) }
    }

    @Test("a static batch takes its window by cost too, and its rows still begin to decode together")
    func staticBatch() throws {
        let bench = try SchedulerBench(blocks: 300, policy: .static, maxBatch: 2, prefillChunk: nil)
        bench.add(700)
        bench.add(400)
        var last: [Int: Int] = [:]
        var steps = 0
        repeat {
            last = bench.step(on: PrefillChoiceTests.cacheBound)
            steps += 1
        } while last != [1: 1, 2: 1] && steps < 100
        #expect(last == [1: 1, 2: 1])
        #expect(bench.scheduler.running.allSatisfy { $0.state == .decoding })
    }
}
