import Basics
import PagedCache
import Testing

@testable import Scheduler

/// The scheduler's decisions, without a model: a step is committed as if it had been computed.
@Suite struct StepSchedulerTests {
    @Test("a long prompt holds up running decodes by no more than its chunk a step")
    func fairness() throws {
        let bench = try SchedulerBench()
        for _ in 0..<3 { bench.add(5) }
        #expect(bench.step() == [1: 5, 2: 5, 3: 5])
        bench.add(200)
        for rows in [64, 64, 64, 8] { #expect(bench.step() == [1: 1, 2: 1, 3: 1, 4: rows]) }
        #expect(bench.step() == [1: 1, 2: 1, 3: 1, 4: 1])
    }

    @Test("prompts share a step's budget in the order of their arrival")
    func budget() throws {
        let bench = try SchedulerBench()
        for tokens in [50, 30, 20] { bench.add(tokens) }
        #expect(bench.step() == [1: 50, 2: 14])
        #expect(bench.step() == [1: 1, 2: 16, 3: 20])
    }

    @Test("a sequence with a limit of its own takes no longer chunk")
    func chunkLimit() throws {
        let bench = try SchedulerBench()
        bench.add(3, chunkLimit: 1)
        #expect((0..<4).map { _ in bench.step() } == [[1: 1], [1: 1], [1: 1], [1: 1]])
    }

    @Test("no more sequences run than the batch holds")
    func maxBatch() throws {
        let bench = try SchedulerBench(maxBatch: 2)
        let first = bench.add(4)
        bench.add(4)
        bench.add(4)
        #expect(bench.step() == [1: 4, 2: 4])
        #expect(bench.step() == [1: 1, 2: 1])
        bench.scheduler.finish(first)
        #expect(bench.step() == [2: 1, 3: 4])
    }

    @Test("a prompt is let in when its blocks are free, and nobody overtakes it")
    func admission() throws {
        let bench = try SchedulerBench(blocks: 6)
        let first = bench.add(60)
        #expect(bench.step() == [1: 60])
        bench.add(40)
        bench.add(1)
        #expect(bench.step() == [1: 1], "three blocks are asked for, two are free")
        bench.scheduler.finish(first)
        #expect(bench.step() == [2: 40, 3: 1])
    }

    @Test("out of blocks, the youngest gives way, waits in front and is recomputed with all it has written")
    func preemption() throws {
        let bench = try SchedulerBench(blocks: 3, prefixCache: false)
        let first = bench.add(15)
        let second = bench.add(15)
        #expect(bench.step() == [1: 15, 2: 15])
        #expect(bench.step() == [1: 1, 2: 1])
        #expect(bench.step() == [1: 1], "the third block is the first one's")
        #expect(second.state == .preempted && second.table.blocks.isEmpty && bench.scheduler.preemptions == 1)
        bench.add(1)
        #expect(bench.step() == [1: 1])
        #expect(bench.scheduler.waiting.unordered.map(\.arrival).sorted() == [2, 3])
        bench.scheduler.finish(first)
        #expect(bench.step() == [2: 17], "the last block is kept for the one that runs")
        #expect(second.table.tokenCount == 17)
    }

    @Test("a finished or cancelled sequence holds no block, wherever it was")
    func finish() throws {
        let bench = try SchedulerBench(maxBatch: 1, prefillChunk: 8)
        let running = bench.add(20)
        let waiting = bench.add(20)
        _ = bench.step()
        #expect(running.state == .prefilling && waiting.state == .waiting)
        bench.scheduler.finish(waiting)
        bench.scheduler.finish(running)
        bench.scheduler.finish(running)
        #expect(bench.scheduler.isIdle && bench.scheduler.cache.usedBlocks == 0)
        #expect(bench.step().isEmpty)
    }

    @Test("a static batch is a left-padded grid: its prompts end in the same step, and nobody joins it")
    func staticBatch() throws {
        let bench = try SchedulerBench(policy: .static, maxBatch: 3, prefillChunk: 30)
        let batch = [25, 3, 12].map { bench.add($0) }
        bench.add(7)
        // Ten columns a step; rows appear where their padding ends.
        #expect(bench.step() == [1: 10])
        #expect(bench.step() == [1: 10, 3: 7])
        #expect(bench.step() == [1: 5, 2: 3, 3: 5])
        #expect(bench.step() == [1: 1, 2: 1, 3: 1])
        bench.scheduler.finish(batch[0])
        bench.scheduler.finish(batch[1])
        #expect(bench.step() == [3: 1], "the batch runs until its last row ends")
        bench.scheduler.finish(batch[2])
        #expect(bench.step() == [4: 7])
    }
}
