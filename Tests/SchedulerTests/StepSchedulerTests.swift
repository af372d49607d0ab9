import Basics
import Kernels
import Models
import PagedCache
import Testing

@testable import Scheduler

/// The scheduler's decisions, without a model: a step is committed as if it had been computed.
@Suite struct StepSchedulerTests {
    final class Bench {
        let scheduler: StepScheduler
        private let crew: WorkerLanes
        private var plan = StepPlan()
        private var arrivals = 0
        private let group = ScoringGroup { _, _, _ in }

        init(
            blocks: Int = 100, policy: BatchingPolicy = .continuous, maxBatch: Int = 8, prefillChunk: Int? = 64,
            prefixCache: Bool = true, prefixHash: PrefixHash = PrefixHash(scope: 0)
        ) throws {
            crew = try WorkerLanes(threads: 1)
            let layout = KeyValueLayout(
                layers: 1, heads: 1, headDim: 4, blockTokens: 16, format: .f32, crew: crew)
            scheduler = StepScheduler(
                options: SchedulingOptions(
                    policy: policy, maxBatch: maxBatch, prefillChunk: prefillChunk, prefixCache: prefixCache),
                cache: try PagedCache(layout: layout, blocks: blocks, crew: crew, prefixHash: prefixHash),
                mostWanted: 64)
        }

        deinit { crew.stop() }

        /// That many tokens which no other sequence has.
        @discardableResult
        func add(_ tokens: Int, chunkLimit: Int = .max) -> ScheduledSequence {
            add(Array(repeating: TokenID(arrivals + 10), count: tokens), chunkLimit: chunkLimit)
        }

        @discardableResult
        func add(_ tokens: [TokenID], lastOnly: Bool = true, chunkLimit: Int = .max) -> ScheduledSequence {
            let sequence = make(tokens, lastOnly: lastOnly, chunkLimit: chunkLimit)
            scheduler.add(sequence)
            return sequence
        }

        /// One that does not wait yet.
        func make(_ tokens: [TokenID], lastOnly: Bool = true, chunkLimit: Int = .max) -> ScheduledSequence {
            arrivals += 1
            return ScheduledSequence(
                arrival: arrivals, tokens: tokens,
                purpose: .score(ScoringJob(group: group, index: arrivals), lastOnly: lastOnly), chunkLimit: chunkLimit)
        }

        /// Rows of the next step by sequence; sequences whose tokens are all computed get one more, as if drawn.
        func step(draws: Bool = true) -> [Int: Int] {
            scheduler.plan(&plan)
            scheduler.commit(plan)
            for entry in plan.entries where draws && entry.sequence.pendingTokens == 0 {
                entry.sequence.state = .decoding
                entry.sequence.tokens.append(TokenID(2))
            }
            scheduler.publish(plan)
            return Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.sequence.arrival, $0.rows) })
        }

        /// The next step, as long as a machine would take for it.
        func step(on machine: PrefillChoiceTests.Machine) -> [Int: Int] {
            let rows = step()
            let wanted = plan.batch.wantedRows.count
            scheduler.costs.layers.record(rows: plan.batch.rows, seconds: machine.layers(plan.batch.rows))
            scheduler.costs.head.record(rows: wanted, seconds: machine.head(wanted))
            return rows
        }
    }

    @Test("a long prompt holds up running decodes by no more than its chunk a step")
    func fairness() throws {
        let bench = try Bench()
        for _ in 0..<3 { bench.add(5) }
        #expect(bench.step() == [1: 5, 2: 5, 3: 5])
        bench.add(200)
        for rows in [64, 64, 64, 8] { #expect(bench.step() == [1: 1, 2: 1, 3: 1, 4: rows]) }
        #expect(bench.step() == [1: 1, 2: 1, 3: 1, 4: 1])
    }

    @Test("prompts share a step's budget in the order of their arrival")
    func budget() throws {
        let bench = try Bench()
        for tokens in [50, 30, 20] { bench.add(tokens) }
        #expect(bench.step() == [1: 50, 2: 14])
        #expect(bench.step() == [1: 1, 2: 16, 3: 20])
    }

    @Test("a sequence with a limit of its own takes no longer chunk")
    func chunkLimit() throws {
        let bench = try Bench()
        bench.add(3, chunkLimit: 1)
        #expect((0..<4).map { _ in bench.step() } == [[1: 1], [1: 1], [1: 1], [1: 1]])
    }

    @Test("no more sequences run than the batch holds")
    func maxBatch() throws {
        let bench = try Bench(maxBatch: 2)
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
        let bench = try Bench(blocks: 6)
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
        let bench = try Bench(blocks: 3, prefixCache: false)
        let first = bench.add(15)
        let second = bench.add(15)
        #expect(bench.step() == [1: 15, 2: 15])
        #expect(bench.step() == [1: 1, 2: 1])
        #expect(bench.step() == [1: 1], "the third block is the first one's")
        #expect(second.state == .preempted && second.table.blocks.isEmpty && bench.scheduler.preemptions == 1)
        bench.add(1)
        #expect(bench.step() == [1: 1])
        #expect(bench.scheduler.waiting.map(\.arrival) == [2, 3])
        bench.scheduler.finish(first)
        #expect(bench.step() == [2: 17], "the last block is kept for the one that runs")
        #expect(second.table.tokenCount == 17)
    }

    @Test("a finished or cancelled sequence holds no block, wherever it was")
    func finish() throws {
        let bench = try Bench(maxBatch: 1, prefillChunk: 8)
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
        let bench = try Bench(policy: .static, maxBatch: 3, prefillChunk: 30)
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
