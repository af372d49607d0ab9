import HeapModule

/// Sequences that wait to run, however many: every operation takes a number of steps logarithmic in theirs.
///
/// The most urgent goes first. So that nobody waits for ever behind a stream of more urgent ones, age counts as well: of
/// all that wait, the one that is most urgent for its age gains a level for every `agingSteps` steps since it came, or since
/// the last one was let in for its age. The count starts anew then, so that a thousand old ones of little urgency do not hold
/// up everyone else: they get their turn at intervals.
struct WaitingQueue {
    /// Steps of waiting that make up for one level of priority.
    static let agingSteps = 256

    /// A sequence's stay in the queue. It leaves without being searched for: its entries are dropped when they come up.
    private struct Stay {
        let number: Int
        let sequence: ScheduledSequence

        var isOver: Bool { sequence.stay != number }
    }

    private struct Urgent: Comparable {
        let urgency: Urgency
        let stay: Stay

        static func < (a: Urgent, b: Urgent) -> Bool { a.urgency < b.urgency }
        static func == (a: Urgent, b: Urgent) -> Bool { a.stay.number == b.stay.number }
    }

    private struct Aged: Comparable {
        let level: Int
        /// The step in which it first came.
        let since: Int
        let stay: Stay

        /// Levels and steps in one measure. All gain at the same rate, so their order never changes.
        private var rank: Int { level * WaitingQueue.agingSteps + since }

        static func < (a: Aged, b: Aged) -> Bool {
            a.rank != b.rank
                ? a.rank < b.rank : a.stay.sequence.urgency.arrival < b.stay.sequence.urgency.arrival
        }
        static func == (a: Aged, b: Aged) -> Bool { a.stay.number == b.stay.number }
    }

    private(set) var count = 0
    private var byUrgency = Heap<Urgent>()
    private var byAge = Heap<Aged>()
    private var stays = 0
    /// The step in which a sequence was let in for its age last.
    private var lastTurn = 0

    var isEmpty: Bool { count == 0 }

    /// All of them in no particular order, though the most urgent stand rather in front.
    var unordered: some Sequence<ScheduledSequence> {
        byUrgency.unordered.lazy.filter { !$0.stay.isOver }.map(\.stay.sequence)
    }

    mutating func insert(_ sequence: ScheduledSequence, at step: Int) {
        precondition(sequence.stay == nil, "a sequence waits once at a time")
        stays += 1
        sequence.stay = stays
        let stay = Stay(number: stays, sequence: sequence)
        // Who comes back has not become younger.
        let since = sequence.since ?? step
        sequence.since = since
        byUrgency.insert(Urgent(urgency: sequence.urgency, stay: stay))
        byAge.insert(Aged(level: sequence.urgency.level, since: since, stay: stay))
        count += 1
    }

    /// Who goes first in this step.
    mutating func first(at step: Int) -> ScheduledSequence? {
        dropEndedStays()
        guard let urgent = byUrgency.min, let aged = byAge.min else { return nil }
        let waited = step - max(aged.since, lastTurn)
        var raised = aged.stay.sequence.urgency
        raised.level -= waited / Self.agingSteps
        return raised < urgent.urgency ? aged.stay.sequence : urgent.stay.sequence
    }

    /// The first leaves to run. One that goes before others for its age keeps the level that it has gained.
    mutating func takeFirst(at step: Int) -> ScheduledSequence? {
        guard let first = first(at: step), let urgency = urgencyOfFirst(at: step) else { return nil }
        if first !== byUrgency.min?.stay.sequence {
            lastTurn = step
            first.urgency = urgency
        }
        remove(first)
        return first
    }

    /// The urgency with which the first will run.
    mutating func urgencyOfFirst(at step: Int) -> Urgency? {
        guard let first = first(at: step), let urgent = byUrgency.min else { return nil }
        var urgency = first.urgency
        urgency.level = min(urgency.level, urgent.urgency.level)
        return urgency
    }

    /// Nothing happens when it does not wait here.
    mutating func remove(_ sequence: ScheduledSequence) {
        guard sequence.stay != nil else { return }
        sequence.stay = nil
        count -= 1
        // Sequences that left from the middle must not be kept alive for long.
        if byUrgency.count > 2 * count + 64 { byUrgency.removeAll { $0.stay.isOver } }
        if byAge.count > 2 * count + 64 { byAge.removeAll { $0.stay.isOver } }
    }

    private mutating func dropEndedStays() {
        while let first = byUrgency.min, first.stay.isOver { byUrgency.removeMin() }
        while let first = byAge.min, first.stay.isOver { byAge.removeMin() }
    }
}
