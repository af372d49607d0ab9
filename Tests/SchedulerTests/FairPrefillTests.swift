import Basics
import PagedCache
import TestSupport
import Testing

@testable import Scheduler

/// Which prompts a step computes when one of them is far longer than others. A step has 64 prompt rows.
@Suite struct FairPrefillTests {
    static let budget = 64

    @Test("a short prompt shares steps with a long one before it, and costs it no more than its own rows")
    func overtaking() throws {
        let bench = try SchedulerBench(blocks: 500)
        bench.add(640)
        for _ in 0..<2 { #expect(bench.step() == [1: 64]) }
        bench.add(40)
        #expect(bench.step() == [1: 32, 2: 32])
        #expect(bench.step() == [1: 56, 2: 8])
        for _ in 0..<6 { #expect(bench.step() == [1: 64, 2: 1]) }
        #expect(bench.step() == [1: 40, 2: 1])
    }

    @Test("of those that overtake, the one with the least left goes first, also before one that has begun")
    func leastLeft() throws {
        let bench = try SchedulerBench(blocks: 500)
        bench.add(6000)
        #expect(bench.step() == [1: 64])
        for tokens in [100, 30, 30] { bench.add(tokens) }
        #expect(bench.step() == [1: 32, 3: 30, 4: 2])
        #expect(bench.step() == [1: 32, 2: 4, 3: 1, 4: 28])
        #expect(bench.step() == [1: 32, 2: 32, 3: 1, 4: 1])
        bench.add(20)
        #expect(bench.step() == [1: 32, 2: 12, 3: 1, 4: 1, 5: 20])
    }

    @Test("one that is not far longer, or that a step finishes, is overtaken by nobody")
    func equals() throws {
        let bench = try SchedulerBench(blocks: 500)
        bench.add(200)
        bench.add(101)
        #expect(bench.step() == [1: 64])
        bench.add(69)
        #expect(bench.step() == [1: 64], "twice 69 are more than 136")
        bench.add(5)
        #expect(bench.step() == [1: 59, 4: 5])
        let other = try SchedulerBench(blocks: 500)
        for tokens in [50, 60, 1] { other.add(tokens) }
        #expect(other.step() == [1: 50, 2: 14])
        #expect(other.step() == [1: 1, 2: 46, 3: 1])
    }

    @Test("prompts of similar lengths are computed as if nobody could overtake", arguments: UInt64(1)...10)
    func similar(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let least = Int.random(in: 1...300, using: &random)
        let prompts = Prompt.stream(60, every: 0...8, tokens: [least...2 * least - 1], using: &random)
        let run = try Self.run(prompts)
        #expect(run.waits == Prompt.waitsInOrder(prompts, budget: Self.budget), "seed \(seed)")
        #expect(run.mostCut <= 1, "seed \(seed)")
    }

    @Test(
        "nobody waits for more than twice as many steps as in order of arrival, and no row is wasted",
        arguments: UInt64(1)...16)
    func bound(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        // From half to twice the rows that steps have.
        let every = [0...1, 0...4, 0...10, 2...12].randomElement(using: &random)!
        let prompts = Prompt.stream(
            150, every: every, tokens: [1...20, 1...60, 30...200, 200...3000], using: &random)
        let run = try Self.run(prompts)
        let inOrder = Prompt.waitsInOrder(prompts, budget: Self.budget)
        for (prompt, (wait, before)) in zip(prompts, zip(run.waits, inOrder)) {
            #expect(wait <= 2 * before, "seed \(seed): \(prompt) waits for \(wait) steps, in order for \(before)")
        }
        let ends = zip(prompts, inOrder).map { $0.step + $1 }
        #expect(run.steps == ends.max(), "seed \(seed)")
        #expect(run.mostCut <= 2, "seed \(seed): one that is overtaken and one that overtakes are cut")
        let (sum, sumInOrder) = (run.waits.reduce(0, +), inOrder.reduce(0, +))
        #expect(sum <= sumInOrder, "seed \(seed): \(sum) steps, in order \(sumInOrder)")
    }

    @Test(
        "one alone behind another waits for three times its own rows, however long that one is",
        arguments: [5, 20, 31, 33, 64, 90, 150, 300])
    func alone(_ tokens: Int) throws {
        for long in [65, 128, 200, 1000, 6000] {
            let run = try Self.run([Prompt(step: 0, tokens: long), Prompt(step: 0, tokens: tokens)])
            #expect(run.waits[1] <= 3 * tokens / Self.budget + 2, "\(tokens) tokens behind \(long)")
            #expect(run.waits[0] <= (long + tokens + Self.budget - 1) / Self.budget, "\(tokens) tokens behind \(long)")
        }
    }

    @Test("a stream of short prompts that never ends holds up a long one for no more than its own steps")
    func starvation() throws {
        // More than half a step's rows, so that there is always one that overtakes.
        let stream = (0..<250).map { Prompt(step: $0, tokens: $0 % 3 == 0 ? 100 : 20) }
        let prompts = [Prompt(step: 0, tokens: 6400)] + stream
        let run = try Self.run(prompts)
        let inOrder = Prompt.waitsInOrder(prompts, budget: Self.budget)
        #expect(inOrder[0] == 100 && run.waits[0] <= 200 && run.waits[0] > 150)
        for (prompt, wait) in zip(stream, run.waits.dropFirst()) where prompt.tokens == 20 { #expect(wait <= 3) }
        let (sum, sumInOrder) = (run.waits.reduce(0, +), inOrder.reduce(0, +))
        #expect(3 * sum < 2 * sumInOrder)
    }

    @Test("a short prompt passes two long ones: the second gets its blocks, and waits to be computed")
    func behindTwo() throws {
        let bench = try SchedulerBench(blocks: 800)
        bench.add(6000)
        let second = bench.add(5000)
        #expect(bench.step() == [1: 64])
        #expect(second.state == .waiting, "nobody overtakes, so it holds no blocks before its turn")
        bench.add(20)
        #expect(bench.step() == [1: 44, 3: 20])
        #expect(second.state == .prefilling && second.awaitsTurn && second.table.blocks.count == 313)
        bench.add(1)
        #expect(bench.step() == [1: 63, 3: 1, 4: 1])
    }

    @Test("nobody is let in before one that waits for blocks")
    func admissionInOrder() throws {
        let bench = try SchedulerBench(blocks: 500)
        bench.add(6000)
        bench.add(5000)
        bench.add(20)
        for _ in 0..<5 { #expect(bench.step() == [1: 64]) }
    }

    @Test("neither a priority nor a deadline is passed over for being short")
    func urgency() throws {
        let urgent: [(priority: Int, deadline: ContinuousClock.Instant?)] = [(0, nil), (1, .now)]
        for (priority, deadline) in urgent {
            let bench = try SchedulerBench(blocks: 500)
            bench.add(640, priority: priority, deadline: deadline)
            bench.add(10, priority: 1)
            for _ in 0..<5 { #expect(bench.step() == [1: 64]) }
        }
        // Who is more urgent goes before it, not beside it, however long.
        let bench = try SchedulerBench(blocks: 500)
        bench.add(640, priority: 1)
        #expect(bench.step() == [1: 64])
        bench.add(500, priority: 0)
        #expect(bench.step() == [2: 64])
        let other = try SchedulerBench(blocks: 500)
        other.add(640)
        #expect(other.step() == [1: 64])
        other.add(700, deadline: .now)
        #expect(other.step() == [2: 64])
    }

    @Test("one that was let in for its age does not hold up those that overtake")
    func aged() throws {
        let bench = try SchedulerBench(blocks: 3000, maxBatch: 64)
        bench.add(20_000)
        bench.add(19_000, priority: 1)
        for _ in 0..<WaitingQueue.agingSteps { #expect(bench.step() == [1: 64]) }
        bench.add(10)
        #expect(bench.step() == [1: 54, 3: 10], "the old one is let in first")
    }

    @Test("a prompt that is let in before its turn takes over what others compute until then")
    func sharedPrefix() throws {
        let bench = try SchedulerBench(blocks: 1000)
        let cache = bench.scheduler.cache
        bench.add(3000)
        let second = bench.add(PrefixSchedulingTests.tokens(shared: 320, own: 3000))
        bench.add(PrefixSchedulingTests.tokens(shared: 320, own: 5, kind: 1))
        var rows = 0
        #expect(bench.step() == [1: 32, 3: 32])
        while second.state == .prefilling {
            // Once it has begun nobody is there to overtake it.
            rows += bench.step()[2] ?? 0
        }
        #expect(rows == 3000)
        #expect(cache.prefixes.adoptedTokens == 320 && cache.prefixes.duplicates == 0 && cache.invariantsHold)
    }

    @Test("with few blocks, priorities and common beginnings all end, and the books balance", arguments: UInt64(1)...8)
    func books(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let bench = try SchedulerBench(
            blocks: Int.random(in: 130...400, using: &random), maxBatch: 12, prefillChunk: 64, swapSlots: 100)
        var alive: [ScheduledSequence] = []
        var (made, steps) = (0, 0)
        while made < 80 || !alive.isEmpty {
            if made < 80, Int.random(in: 0..<3, using: &random) == 0 {
                made += 1
                let own = [5...30, 5...30, 100...1500].randomElement(using: &random)!.randomElement(using: &random)!
                let shared = [0, 0, 40, 320].randomElement(using: &random)!
                alive.append(
                    bench.add(
                        PrefixSchedulingTests.tokens(shared: shared, own: own, kind: made),
                        chunkLimit: [Int.max, .max, 7].randomElement(using: &random)!,
                        tokenLimit: .random(in: 1...60, using: &random),
                        priority: Int.random(in: 0...5, using: &random) / 5))
            }
            _ = bench.step()
            let entries = bench.plan.entries
            #expect(Set(entries.map(\.sequence.arrival)).count == entries.count, "seed \(seed): planned twice")
            #expect(entries.reduce(0) { $0 + $1.rows } <= 64 + 12, "seed \(seed)")
            for sequence in alive where sequence.generatedCount >= sequence.tokenLimit {
                bench.scheduler.finish(sequence)
            }
            alive.removeAll { $0.state == .finished }
            steps += 1
            // Looked at now and then: it takes as long as there are blocks.
            if steps % 16 == 0 { #expect(bench.scheduler.cache.invariantsHold, "seed \(seed)") }
            try #require(steps < 10_000, "seed \(seed): it does not end")
        }
        #expect(bench.scheduler.isIdle && bench.scheduler.cache.usedBlocks == 0)
        #expect(bench.scheduler.swapSpace?.usedSlots == 0)
    }
}

// MARK: Streams of prompts

extension FairPrefillTests {
    /// A prompt that comes before the step of that number is planned.
    struct Prompt {
        let step: Int
        let tokens: Int

        /// - Parameters:
        ///   - every: steps between two prompts.
        ///   - tokens: the kinds of prompts, one as often as another.
        static func stream(
            _ count: Int, every: ClosedRange<Int>, tokens: [ClosedRange<Int>], using random: inout SplitMix64
        ) -> [Prompt] {
            var step = 0
            return (0..<count).map { _ in
                step += Int.random(in: every, using: &random)
                return Prompt(
                    step: step, tokens: .random(in: tokens.randomElement(using: &random)!, using: &random))
            }
        }

        /// Steps that each waits for its first token when all rows go to the first that needs some.
        static func waitsInOrder(_ prompts: [Prompt], budget: Int) -> [Int] {
            // Rows that were spent, or could not be, before the one at hand.
            var spent = 0
            return prompts.map { prompt in
                spent = max(spent, prompt.step * budget) + prompt.tokens
                return (spent + budget - 1) / budget - prompt.step
            }
        }
    }

    struct Run {
        /// Steps that each prompt waits for its first token, the one that computes it included.
        var waits: [Int]
        var steps = 0
        /// Most prompts of one step that it does not finish.
        var mostCut = 0
    }

    /// Everybody finds blocks and a place, and ends with the first token.
    static func run(_ prompts: [Prompt]) throws -> Run {
        let blocks = prompts.reduce(0) { $0 + $1.tokens / 16 + 2 }
        let bench = try SchedulerBench(blocks: blocks, maxBatch: prompts.count, prefillChunk: budget)
        var run = Run(waits: Array(repeating: 0, count: prompts.count))
        var coming = prompts[...]
        while !coming.isEmpty || !bench.scheduler.isIdle {
            while let next = coming.first, next.step <= run.steps {
                bench.add(next.tokens)
                coming.removeFirst()
            }
            _ = bench.step()
            run.steps += 1
            var cut = 0
            for entry in bench.plan.entries {
                guard entry.sequence.state == .decoding else {
                    cut += 1
                    continue
                }
                let index = entry.sequence.arrival - 1
                run.waits[index] = run.steps - prompts[index].step
                bench.scheduler.finish(entry.sequence)
            }
            run.mostCut = max(run.mostCut, cut)
            try #require(run.steps < 100_000, "it does not end")
        }
        return run
    }
}
