import Basics
import Kernels
import Models
import PagedCache
import Testing

@testable import Scheduler

/// Guessed tokens in the scheduler: their rows, their blocks, and what is left of them.
@Suite struct DraftRowsTests {
    /// Sequences that decode and guess; steps are committed as if they had been computed.
    final class Bench {
        let scheduler: StepScheduler
        private(set) var plan = StepPlan()
        private let crew: WorkerLanes
        private let group = ScoringGroup { _, _, _ in }
        private var arrivals = 0

        init(blocks: Int, maxBatch: Int = 8, prefillChunk: Int? = 64) throws {
            crew = try WorkerLanes(threads: 1)
            let layout = KeyValueLayout(layers: 1, heads: 1, headDim: 4, blockTokens: 16, format: .f32, crew: crew)
            scheduler = StepScheduler(
                options: SchedulingOptions(policy: .continuous, maxBatch: maxBatch, prefillChunk: prefillChunk),
                cache: try PagedCache(layout: layout, blocks: blocks, crew: crew), mostWanted: 64)
        }

        deinit { crew.stop() }

        func add(_ tokens: Int) -> ScheduledSequence {
            arrivals += 1
            let sequence = ScheduledSequence(
                arrival: arrivals, tokens: Array(repeating: TokenID(1), count: tokens),
                purpose: .score(ScoringJob(group: group, index: arrivals), lastOnly: true))
            sequence.speculation = SequenceSpeculation()
            scheduler.add(sequence)
            return sequence
        }

        func step() {
            scheduler.plan(&plan)
            scheduler.commit(plan)
            for entry in plan.entries where entry.sequence.state == .prefilling { entry.sequence.state = .decoding }
        }

        /// The next step with so many guesses wanted; `rows` says how many there were with it.
        func step(guessing count: Int, _ sequence: ScheduledSequence) {
            sequence.tokens.append(1)
            sequence.speculation?.look(after: sequence.tokens, most: count)
            sequence.speculation?.drafted = count
            step()
        }

        func rows(of sequence: ScheduledSequence) -> Int? { plan.entries.first { $0.sequence === sequence }?.rows }
    }

    @Test("guesses are rows behind the pending one, all wanted, and count as stored only when they came true")
    func rows() throws {
        let bench = try Bench(blocks: 10)
        let sequence = bench.add(13)
        bench.step()
        bench.step(guessing: 5, sequence)
        #expect(bench.rows(of: sequence) == 6)
        #expect(bench.plan.batch.wantedRows.count == 6)
        #expect(bench.plan.batch.segments.map(\.firstPosition) == [13])
        #expect(sequence.table.tokenCount == 14 && sequence.table.blocks.count == 2)
        sequence.tokens += [1, 1, 1]
        bench.scheduler.keep(accepted: 3, of: sequence)
        #expect(sequence.table.tokenCount == 17 && sequence.pendingTokens == 0)
        // Without guesses the next token takes the place of those that were wrong.
        bench.step(guessing: 0, sequence)
        #expect(bench.rows(of: sequence) == 1)
        #expect(bench.plan.batch.segments.map(\.firstPosition) == [17])
    }

    @Test("where blocks are scarce, guesses take what the sequence has already, and nobody loses a block for one")
    func scarceBlocks() throws {
        let bench = try Bench(blocks: 4)
        let first = bench.add(28)
        let second = bench.add(10)
        bench.step()
        #expect(bench.scheduler.cache.freeBlocks == 1)
        second.tokens.append(1)
        bench.step(guessing: 8, first)
        #expect(bench.rows(of: first) == 4, "positions 28 to 31 lie in its second block")
        #expect(first.speculation?.drafted == 3)
        #expect(bench.rows(of: second) == 1)
        #expect(bench.scheduler.preemptions == 0 && bench.scheduler.cache.freeBlocks == 1)
    }

    @Test("a sequence that loses its blocks has no guesses left")
    func preempted() throws {
        let bench = try Bench(blocks: 3)
        let first = bench.add(16)
        let second = bench.add(16)
        bench.step()
        first.tokens.append(1)
        bench.step(guessing: 4, second)
        #expect(second.state == .preempted && second.speculation?.drafted == 0)
        #expect(bench.rows(of: second) == nil)
    }

    @Test(
        "guesses take rows that nobody else needs, and no head pass more",
        arguments: [(1, 0, 63), (8, 0, 56), (64, 0, 0), (60, 0, 4), (70, 0, 58), (8, 64, 56), (64, 64, 0)])
    func room(_ decoding: Int, _ prompts: Int, _ expected: Int) throws {
        let bench = try Bench(blocks: 1, maxBatch: 128)
        #expect(bench.scheduler.draftRoom(beside: decoding, prompts: prompts) == expected)
        let small = try Bench(blocks: 1, maxBatch: 8, prefillChunk: 4)
        #expect(small.scheduler.draftRoom(beside: 5, prompts: 4) == 3, "12 rows in all")
        #expect(small.scheduler.draftRoom(beside: 8, prompts: 4) == 0)
    }
}
