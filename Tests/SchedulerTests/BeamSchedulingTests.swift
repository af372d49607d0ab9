import Basics
import PagedCache
import Testing

@testable import Scheduler

/// What the scheduler does with the beams of one search, without a model.
@Suite struct BeamSchedulingTests {
    /// A scheduler with a search in it whose branches the test chooses.
    final class Bench {
        let plain: SchedulerBench
        let beams: ScheduledSequence
        private let group: BeamGroup
        private let request: ActiveRequest
        private var plan = StepPlan()

        var scheduler: StepScheduler { plain.scheduler }
        var cache: PagedCache { scheduler.cache }

        /// - Parameter older: prompts that came before the search.
        init(
            beams count: Int, prompt: Int, older: [Int] = [], blocks: Int = 100, maxBatch: Int = 8,
            policy: BatchingPolicy = .continuous, prefillChunk: Int = 64, prefixCache: Bool = true
        ) throws {
            plain = try .init(
                blocks: blocks, policy: policy, maxBatch: maxBatch, prefillChunk: prefillChunk,
                prefixCache: prefixCache)
            for tokens in older { plain.add(tokens) }
            var parameters = SamplingParameters()
            parameters.beams = BeamParameters(count: count)
            request = ActiveRequest(
                id: 100, promptTokens: prompt, samples: 1, delivery: EventDelivery(capacity: 100))
            let tokens = (0..<prompt).map { TokenID($0 % 7) }
            group = BeamGroup(
                GenerationRequest(.tokens(tokens), parameters: parameters), request: request, prompt: tokens,
                end: EndCondition(parameters, modelEndTokens: []), stops: StopStrings([]), tokenizer: nil,
                vocabularySize: 50)
            beams = ScheduledSequence(arrival: plain.nextArrival(), tokens: tokens, purpose: .beam(group, member: 0))
            scheduler.add(beams)
        }

        /// Rows of the next step, those of the search in the order of its beams; every other sequence draws a token.
        func step() -> (beams: [Int], others: Int) {
            scheduler.plan(&plan)
            scheduler.commit(plan)
            var others = 0
            for entry in plan.entries where !beams.company.contains(where: { $0 === entry.sequence }) {
                others += entry.rows
                guard entry.sequence.pendingTokens == 0 else { continue }
                entry.sequence.state = .decoding
                entry.sequence.tokens.append(TokenID(2))
            }
            let rows = beams.company.map { member in
                plan.entries.filter { $0.sequence === member }.reduce(0) { $0 + $1.rows }
            }
            let drawn = plan.entries.filter { entry in
                !entry.wanted.isEmpty && beams.company.contains { $0 === entry.sequence }
            }
            #expect(drawn.isEmpty || drawn.count == beams.company.count, "beams step together")
            scheduler.publish(plan)
            return (rows, others)
        }

        func branch(_ branches: [(parent: Int, token: Int)]) {
            scheduler.branch(beams, into: branches.map { .init(parent: $0.parent, token: TokenID($0.token)) }) {
                .beam(group, member: $0)
            }
        }
    }

    @Test("a search is let in when the batch has places for all its beams, and nobody overtakes it")
    func admission() throws {
        let bench = try Bench(beams: 4, prompt: 5, older: [3, 3, 3], maxBatch: 6)
        bench.scheduler.add(
            ScheduledSequence(arrival: 101, tokens: [TokenID(8), TokenID(9)], purpose: bench.plain.make([]).purpose))
        #expect(bench.step() == ([0], 9))
        #expect(bench.step() == ([0], 3), "three places are free, four are needed")
        bench.scheduler.finish(bench.scheduler.running[0])
        #expect(bench.step() == ([5], 2))
        bench.branch([(0, 1), (0, 2), (0, 3), (0, 4)])
        #expect(bench.step() == ([1, 1, 1, 1], 2))
        #expect(bench.scheduler.places == 6 && bench.scheduler.waiting.count == 1)
        bench.scheduler.finish(bench.beams)
        #expect(bench.step() == ([0, 0, 0, 0], 4), "then the next")
    }

    @Test("beams share the blocks of what they have in common and copy no block but the last")
    func sharing() throws {
        let bench = try Bench(beams: 4, prompt: 40)
        _ = bench.step()
        #expect(bench.cache.usedBlocks == 3)
        bench.branch([(0, 10), (0, 11), (0, 12), (0, 13)])
        #expect(bench.cache.usedBlocks == 3, "a fork takes no block")
        _ = bench.step()
        #expect(bench.cache.usedBlocks == 2 + 4)
        let last = bench.beams.company.map { $0.table.blocks[2] }
        // Beam 0 goes on as it is, beam 2 twice; of beams 1 and 3 nothing is left.
        bench.branch([(2, 20), (0, 21), (2, 22)])
        #expect(bench.beams.company.map { $0.tokens.suffix(2) } == [[12, 20], [10, 21], [12, 22]])
        #expect(bench.beams.company.map { $0.table.blocks[2] } == [last[2], last[0], last[2]])
        #expect(bench.cache.usedBlocks == 2 + 2)
        #expect(bench.step() == ([1, 1, 1], 0))
        #expect(bench.cache.usedBlocks == 2 + 3, "one copy")
        #expect(bench.beams.company[1].table.blocks[2] == last[0], "a beam with one branch stays where it is")
        bench.branch([(1, 30), (1, 31), (1, 32), (0, 33)])
        #expect(bench.step() == ([1, 1, 1, 1], 0))
        bench.scheduler.finish(bench.beams)
        #expect(bench.cache.usedBlocks == 0 && bench.scheduler.isIdle)
    }

    @Test(
        "out of blocks, all beams of the youngest search give way; they come back to where they were and go on together",
        arguments: [(BatchingPolicy.continuous, 3), (.continuous, 64), (.static, 3), (.static, 64)], [false, true])
    func preemption(_ way: (policy: BatchingPolicy, chunk: Int), _ prefixCache: Bool) throws {
        let bench = try Bench(
            beams: 3, prompt: 20, older: [14], blocks: 7, policy: way.policy, prefillChunk: way.chunk,
            prefixCache: prefixCache)
        while bench.beams.pendingTokens > 0 { _ = bench.step() }
        bench.branch([(0, 10), (0, 11), (0, 12)])
        var steps = 0
        while bench.beams.state == .decoding {
            steps += 1
            try #require(steps < 50)
            _ = bench.step()
            if bench.beams.state == .decoding { bench.branch([(0, 20), (1, 21), (2, 22)]) }
        }
        #expect(bench.beams.state == .preempted && bench.scheduler.preemptions == 1)
        #expect(bench.beams.company.allSatisfy { $0.table == BlockTable() && $0.state == .preempted })
        let tokens = bench.beams.company.map(\.tokens)
        bench.scheduler.finish(bench.scheduler.running[0])
        // Until all are computed up to their last token, none of them steps.
        var recomputed = [0, 0, 0]
        while bench.beams.company.contains(where: { $0.pendingTokens > 0 }) {
            steps += 1
            try #require(steps < 150)
            let rows = bench.step().beams
            for index in 0..<3 { recomputed[index] += rows[index] }
        }
        #expect(bench.beams.company.map(\.tokens) == tokens)
        #expect(tokens.allSatisfy { $0.count == 33 })
        if prefixCache {
            #expect(
                zip(recomputed, [1, 1, 17]).allSatisfy(<=), "two blocks of each, or of all but one, are still cached")
        } else {
            #expect(recomputed == [33, 17, 17], "one block is shared")
        }
        bench.branch([(0, 30), (0, 31), (2, 32)])
        #expect(bench.step() == ([1, 1, 1], 0))
        bench.scheduler.finish(bench.beams)
        #expect(bench.cache.usedBlocks == 0)
    }
}
