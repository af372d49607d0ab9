import Basics
import TestSupport
import Testing

@testable import Scheduler

@Suite struct WaitingQueueTests {
    private static let start = ContinuousClock.now
    private static let group = ScoringGroup { _, _, _ in }

    private static func sequence(_ arrival: Int, priority: Int = 0, deadline: Int? = nil) -> ScheduledSequence {
        ScheduledSequence(
            arrival: arrival, tokens: [TokenID(1)], purpose: .score(ScoringJob(group: group, index: 0), lastOnly: true),
            priority: priority, deadline: deadline.map { start + .seconds($0) })
    }

    private static func drain(_ queue: inout WaitingQueue, at step: Int) -> [Int] {
        var arrivals: [Int] = []
        while let first = queue.takeFirst(at: step) { arrivals.append(first.arrival) }
        return arrivals
    }

    @Test("lower priorities go first, then nearer deadlines, then earlier arrivals")
    func order() {
        var queue = WaitingQueue()
        for sequence in [
            Self.sequence(1, priority: 3), Self.sequence(2), Self.sequence(3, deadline: 50),
            Self.sequence(4, deadline: 20),
            Self.sequence(5, priority: -2), Self.sequence(6), Self.sequence(7, priority: 3, deadline: 9),
            Self.sequence(8, deadline: 50),
        ] { queue.insert(sequence, at: 0) }
        #expect(queue.count == 8)
        #expect(Self.drain(&queue, at: 1) == [5, 4, 3, 8, 2, 6, 7, 1])
        #expect(queue.isEmpty)
    }

    @Test("who comes back to the queue has its old place")
    func comesBack() {
        var queue = WaitingQueue()
        for arrival in 1...3 { queue.insert(Self.sequence(arrival), at: arrival) }
        guard let first = queue.takeFirst(at: 4) else { return }
        queue.insert(first, at: 10 * WaitingQueue.agingSteps)
        #expect(Self.drain(&queue, at: 20 * WaitingQueue.agingSteps) == [1, 2, 3])
    }

    @Test("sequences that left are not found again, and all but a few are not kept in memory")
    func removal() {
        var queue = WaitingQueue()
        struct Weak { weak var sequence: ScheduledSequence? }
        var seen: [Weak] = []
        func fill() {
            let sequences = (1...500).map { Self.sequence($0, priority: $0 % 7) }
            for sequence in sequences { queue.insert(sequence, at: 0) }
            for sequence in sequences where sequence.arrival != 250 { queue.remove(sequence) }
            queue.remove(sequences[0])
            seen = sequences.map { Weak(sequence: $0) }
        }
        fill()
        #expect(queue.count == 1 && seen.filter { $0.sequence != nil }.count < 80)
        #expect(queue.unordered.map(\.arrival) == [250])
        #expect(Self.drain(&queue, at: 0) == [250])
    }

    @Test(
        "a stream of urgent ones holds up a less urgent one for so many steps for each level, and a thousand of them in turn"
    )
    func aging() {
        for priority in 1...3 {
            var queue = WaitingQueue()
            for arrival in 1...1000 { queue.insert(Self.sequence(arrival, priority: priority), at: 0) }
            var turns: [Int] = []
            var arrival = 1000
            for step in 1...10 * priority * WaitingQueue.agingSteps {
                arrival += 1
                queue.insert(Self.sequence(arrival), at: step)
                guard let next = queue.takeFirst(at: step) else { continue }
                if next.arrival <= 1000 {
                    turns.append(next.arrival)
                    #expect(next.urgency.level == 0, "it keeps the level that it has gained")
                }
            }
            #expect(turns == Array(1...10), "the eldest first, one each time")
        }
    }

    @Test("no deadline is put off by a stream of nearer ones for ever")
    func deadlinesAge() {
        var queue = WaitingQueue()
        queue.insert(Self.sequence(1), at: 0)
        var turn: Int?
        for step in 1...2 * WaitingQueue.agingSteps where turn == nil {
            queue.insert(Self.sequence(step + 1, deadline: step), at: step)
            if queue.takeFirst(at: step)?.arrival == 1 { turn = step }
        }
        #expect(turn == WaitingQueue.agingSteps)
    }

    @Test("any mix of arrivals, departures and turns lets everyone in, once", arguments: UInt64(1)...8)
    func everyoneOnce(_ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var queue = WaitingQueue()
        var present: [Int: ScheduledSequence] = [:]
        for step in 1...3000 {
            if Int.random(in: 0..<3, using: &generator) > 0 {
                let sequence = Self.sequence(
                    step, priority: Int.random(in: -3...3, using: &generator),
                    deadline: Bool.random(using: &generator) ? Int.random(in: 0...9, using: &generator) : nil)
                queue.insert(sequence, at: step)
                present[step] = sequence
            }
            if Bool.random(using: &generator), let first = queue.takeFirst(at: step) {
                #expect(present.removeValue(forKey: first.arrival) === first, "seed \(seed), step \(step)")
                // Nobody who is more urgent was passed over but for age.
                let best = present.values.map(\.urgency).min()
                #expect(best.map { first.urgency.level <= $0.level } ?? true, "seed \(seed), step \(step)")
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    queue.insert(first, at: step)
                    present[first.arrival] = first
                }
            } else if Int.random(in: 0..<5, using: &generator) == 0, let gone = present.keys.min() {
                queue.remove(present.removeValue(forKey: gone)!)
            }
            #expect(queue.count == present.count && queue.isEmpty == present.isEmpty, "seed \(seed), step \(step)")
        }
        #expect(Set(Self.drain(&queue, at: 3001)) == Set(present.keys), "seed \(seed)")
    }
}
