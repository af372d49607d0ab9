import HeapModule

/// Waiting sequences that stand aside, by what they wait for.
///
/// However many they are, a step looks once at each thing that is waited for, and puts only so many back into the line as could
/// begin in it. Who is given up is found out when its turn comes.
struct SequencesAside {
    private struct Cause: Hashable {
        let leader: ObjectIdentifier
        let tokens: Int

        init(_ awaited: AwaitedBlocks) {
            leader = ObjectIdentifier(awaited.leader)
            tokens = awaited.tokens
        }
    }

    private struct Member: Comparable {
        let sequence: ScheduledSequence

        static func < (a: Member, b: Member) -> Bool { a.sequence.urgency < b.sequence.urgency }
        static func == (a: Member, b: Member) -> Bool { a.sequence === b.sequence }
    }

    private struct Group {
        let awaited: AwaitedBlocks
        var members = Heap<Member>()
    }

    private var groups: [Cause: Group] = [:]
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// All of them, in no particular order.
    var unordered: [ScheduledSequence] {
        groups.values.flatMap { $0.members.unordered.map(\.sequence) }.filter(\.standsAside)
    }

    /// Some of them, without looking at the others.
    func unordered(atMost most: Int) -> [ScheduledSequence] {
        Array(
            groups.values.lazy.flatMap { $0.members.unordered.lazy.map(\.sequence) }.filter(\.standsAside).prefix(most))
    }

    mutating func insert(_ sequence: ScheduledSequence, until awaited: AwaitedBlocks) {
        precondition(!sequence.standsAside, "a sequence waits for one thing at a time")
        sequence.standsAside = true
        groups[Cause(awaited), default: Group(awaited: awaited)].members.insert(Member(sequence: sequence))
        count += 1
    }

    /// Nothing happens when it does not stand here.
    mutating func remove(_ sequence: ScheduledSequence) {
        guard sequence.standsAside else { return }
        sequence.standsAside = false
        count -= 1
    }

    /// Those who have what they waited for, or wait for nothing any more: for each cause the most urgent, `most` at most.
    mutating func takeReady(most: Int, _ body: (ScheduledSequence) -> Void) {
        for cause in groups.compactMap({ $0.value.awaited.isComing ? nil : $0.key }) {
            var taken = 0
            while taken < most, let sequence = groups[cause]?.members.popMin()?.sequence {
                guard sequence.standsAside else { continue }
                remove(sequence)
                body(sequence)
                taken += 1
            }
            if groups[cause]?.members.isEmpty == true { groups[cause] = nil }
        }
    }
}
