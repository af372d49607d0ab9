import Basics
import Models
import PagedCache
import TestSupport
import Testing

@testable import Scheduler

/// Who must give way, what becomes of its blocks, and that this does not go on for ever.
@Suite struct PreemptionTests {
    private static func swapping(_ options: inout SchedulingOptions) {
        options.preemption = .swap
        options.foresight = false
    }

    @Test("a swapped sequence goes on decoding where it was, without its prompt")
    func decodingGoesOn() throws {
        let bench = try SchedulerBench(blocks: 3, swapSlots: 2, options: Self.swapping)
        let first = bench.add(15)
        let second = bench.add(15)
        #expect(bench.step() == [1: 15, 2: 15])
        #expect(bench.step() == [1: 1, 2: 1])
        #expect(bench.step() == [1: 1], "the third block is the first one's")
        let scheduler = bench.scheduler
        #expect(second.table.blocks.isEmpty && second.pendingTokens == 1 && scheduler.swapSpace?.usedSlots == 1)
        #expect(scheduler.preemptions == 1 && scheduler.swaps == 1)
        #expect(bench.step() == [1: 1])
        scheduler.finish(first)
        #expect(bench.step() == [2: 1])
        #expect(second.state == .decoding && second.table.tokenCount == 17 && scheduler.swapSpace?.usedSlots == 0)
        scheduler.finish(second)
        #expect(scheduler.cache.usedBlocks == 0 && scheduler.isIdle)
    }

    @Test("a sequence swapped in the middle of its prompt goes on with the rest of it")
    func prefillGoesOn() throws {
        let bench = try SchedulerBench(blocks: 8, prefillChunk: 20, swapSlots: 8, options: Self.swapping)
        let low = bench.add(50, priority: 1)
        #expect(bench.step() == [1: 20])
        let high = bench.add(80)
        #expect(bench.step() == [2: 20], "five blocks, and one more for each that runs")
        #expect(low.pendingTokens == 30 && bench.scheduler.swapSpace?.usedSlots == 2)
        bench.scheduler.finish(high)
        #expect(bench.step() == [1: 20])
        #expect(bench.step() == [1: 10])
        #expect(bench.step() == [1: 1])
    }

    @Test("a full swap space means computing again; what is cheaper is chosen where both are possible")
    func choice() throws {
        for (slots, preemption, seconds, swaps) in [
            (0, PreemptionMethod.swap, 1.0, 0), (1, .swap, 1, 0), (2, .swap, 1, 1), (2, .recompute, 1, 0),
            (2, .auto, 1, 1), (2, .auto, 1e-12, 0),
        ] {
            let bench = try SchedulerBench(blocks: 5, swapSlots: slots) {
                $0.preemption = preemption
                $0.foresight = false
            }
            // So many seconds for each row.
            for rows in bench.scheduler.costs.layers.sizes {
                for _ in 0..<5 { bench.scheduler.costs.layers.record(rows: rows, seconds: seconds * Double(rows)) }
            }
            bench.add(31)
            let second = bench.add(31)
            while bench.scheduler.preemptions == 0 { _ = bench.step() }
            #expect(bench.scheduler.swaps == swaps, "\(slots) slots, \(preemption), \(seconds) s")
            bench.scheduler.finish(second)
            #expect(bench.scheduler.swapSpace?.usedSlots == 0, "a cancelled sequence leaves nothing behind")
        }
    }

    @Test("the least urgent gives way, the youngest among equals, whatever the order of their arrival")
    func victims() throws {
        let bench = try SchedulerBench(blocks: 12, prefillChunk: 200, swapSlots: 12, options: Self.swapping)
        let urgent = [bench.add(31, priority: 2), bench.add(31), bench.add(31, priority: 1), bench.add(31)]
        _ = bench.step()
        #expect(bench.scheduler.running.map(\.arrival) == [2, 4, 3, 1])
        var order: [Int] = []
        while order.count < 3 {
            _ = bench.step()
            for sequence in urgent where sequence.stay != nil && !order.contains(sequence.arrival) {
                order.append(sequence.arrival)
            }
        }
        #expect(order == [1, 3, 4])
    }

    @Test("a request of higher priority takes blocks, or a place in the batch, of lower ones and of nobody else")
    func urgentTakesRoom() throws {
        let bench = try SchedulerBench(blocks: 12, maxBatch: 3, prefillChunk: 200, swapSlots: 12)
        let low = bench.add(40, priority: 5)
        let middle = bench.add(40, priority: 3)
        _ = bench.step()
        let high = bench.add(80, priority: 0)
        #expect(bench.step() == [2: 1, 3: 80], "the least urgent alone had to go")
        #expect(low.stay != nil && middle.state == .decoding && high.state == .decoding)
        bench.add(130, priority: 0)
        #expect(bench.step() == [2: 1, 3: 1], "even all of lower priority would not be enough, so none goes in vain")
        bench.add(1, priority: -1)
        #expect(bench.step() == [2: 1, 3: 1, 5: 1])
        bench.add(1, priority: -1)
        #expect(bench.step() == [3: 1, 5: 1, 6: 1], "the batch has three places")
    }

    @Test("nobody is preempted for the sake of an equal, or by a deadline")
    func equalsWait() throws {
        let bench = try SchedulerBench(blocks: 5, maxBatch: 2)
        bench.add(40)
        _ = bench.step()
        bench.add(40, deadline: .now)
        #expect(bench.step() == [1: 1])
        #expect(bench.scheduler.preemptions == 0)
    }

    @Test(
        "demand of ten times the cache ends sooner than if no more ran than fit, and nobody is preempted over and over",
        arguments: [PreemptionMethod.recompute, .swap], [16, 30])
    func thrashing(_ method: PreemptionMethod, _ prompt: Int) throws {
        func run(foresight: Bool, maxBatch: Int) throws -> (steps: Int, preemptions: Int, rows: Int) {
            // 64 requests, room for six of them.
            let bench = try SchedulerBench(blocks: 6 * 9, maxBatch: maxBatch, swapSlots: 64) {
                $0.preemption = method
                $0.foresight = foresight
            }
            for _ in 0..<64 { bench.add(prompt, tokenLimit: 9 * 16 - prompt + 1) }
            var (steps, rows, ended) = (0, 0, 0)
            while ended < 64 {
                ended += bench.stepToEnds()
                rows += bench.plan.batch.rows
                steps += 1
                try #require(steps < 20_000, "it does not end")
            }
            #expect(bench.scheduler.isIdle && bench.scheduler.cache.usedBlocks == 0)
            #expect(bench.scheduler.swapSpace?.usedSlots == 0)
            return (steps, bench.scheduler.preemptions, rows)
        }
        let bounded = try run(foresight: true, maxBatch: 6)
        let free = try run(foresight: true, maxBatch: 64)
        let blind = try run(foresight: false, maxBatch: 64)
        #expect(bounded.preemptions == 0)
        // More run at a time, since not all are at their longest at once; that is worth some work done twice.
        #expect(free.steps * 10 < bounded.steps * 9, "\(free) against \(bounded)")
        #expect(free.preemptions < 64 && free.rows * 4 < bounded.rows * 5, "\(free) against \(bounded)")
        #expect(blind.preemptions > free.preemptions, "\(free) against \(blind)")
    }

    @Test(
        "texts that end when nobody expects it: all end, the books balance, and preemptions stay few",
        arguments: UInt64(1)...10)
    func unknownLengths(_ seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let bench = try SchedulerBench(blocks: 60, maxBatch: 64, swapSlots: 40)
        var ends: [Int: Int] = [:]
        var alive: [Int: ScheduledSequence] = [:]
        for _ in 0..<100 {
            let sequence = bench.add(
                Int.random(in: 1...60, using: &generator), tokenLimit: 400,
                priority: Int.random(in: 0...2, using: &generator))
            ends[sequence.arrival] = Int.random(in: 1...300, using: &generator)
            alive[sequence.arrival] = sequence
        }
        var steps = 0
        while !alive.isEmpty {
            _ = bench.step()
            for (arrival, sequence) in alive where sequence.generatedCount >= ends[arrival]! {
                bench.scheduler.finish(sequence)
                bench.scheduler.lengths.record(length: sequence.generatedCount, isNatural: true)
                alive[arrival] = nil
            }
            steps += 1
            try #require(steps < 30_000, "seed \(seed): it does not end")
            #expect(bench.scheduler.cache.allocator.invariantsHold, "seed \(seed)")
        }
        #expect(bench.scheduler.preemptions < 100, "seed \(seed): \(bench.scheduler.preemptions)")
        #expect(bench.scheduler.cache.usedBlocks == 0 && bench.scheduler.swapSpace?.usedSlots == 0, "seed \(seed)")
    }

    @Test("a hundred thousand that wait do not make a step slow to plan")
    func longQueue() throws {
        let bench = try SchedulerBench(blocks: 20, maxBatch: 4)
        let sequences = (0..<100_000).map { bench.add(4, tokenLimit: 3, priority: $0 % 5) }
        var ended = 0
        for _ in 0..<2000 { ended += bench.stepToEnds() }
        #expect(ended > 1000)
        for sequence in sequences { bench.scheduler.finish(sequence) }
        #expect(bench.scheduler.isIdle)
    }
}
