import Basics

/// Where each run of `order` tokens last ended in one growing list of tokens.
///
/// Open addressing over ends alone, four bytes a slot: the run itself stands in the list, so a match is compared token by
/// token and a collision of hashes cannot show. Adding and finding take constant time, amortised over the table's growth.
struct NGramTable: Sendable {
    /// Tokens of a run.
    let order: Int
    /// Ends of runs (the index after the last token), 0 where free. A power of two, at most half of them taken.
    private var slots: [Int32]
    private var count = 0

    /// - Parameter capacity: runs that find room before the table grows.
    init(order: Int, capacity: Int) {
        precondition(order >= 1, "a run has tokens")
        self.order = order
        slots = Array(repeating: 0, count: Self.slots(for: capacity))
    }

    /// Takes note of the run that ends before index `end` of the list; it goes before earlier ones that are equal to it.
    mutating func add(endingAt end: Int, in tokens: [TokenID]) {
        if count >= slots.count / 2 { grow(tokens) }
        let slot = slot(ofRunEndingAt: end, in: tokens)
        if slots[slot] == 0 { count += 1 }
        slots[slot] = Int32(end)
    }

    /// Where a run equal to the one that ends before index `end` ended last among those added.
    func last(equalTo end: Int, in tokens: [TokenID]) -> Int? {
        let found = slots[slot(ofRunEndingAt: end, in: tokens)]
        return found == 0 ? nil : Int(found)
    }

    /// The slot that holds this run, or the free one where it belongs.
    private func slot(ofRunEndingAt end: Int, in tokens: [TokenID]) -> Int {
        let mask = slots.count - 1
        var slot = hash(ofRunEndingAt: end, in: tokens) & mask
        while slots[slot] != 0, !isEqual(Int(slots[slot]), end, in: tokens) { slot = (slot + 1) & mask }
        return slot
    }

    private func isEqual(_ a: Int, _ b: Int, in tokens: [TokenID]) -> Bool {
        for back in 1...order where tokens[a - back] != tokens[b - back] { return false }
        return true
    }

    private func hash(ofRunEndingAt end: Int, in tokens: [TokenID]) -> Int {
        var state: UInt64 = 0
        for index in end - order..<end {
            // Fibonacci hashing, a token at a time.
            state = (state ^ UInt64(UInt32(bitPattern: tokens[index].rawValue))) &* 0x9E37_79B9_7F4A_7C15
            state ^= state >> 32
        }
        return Int(truncatingIfNeeded: state >> 1)
    }

    private mutating func grow(_ tokens: [TokenID]) {
        let ends = slots
        slots = Array(repeating: 0, count: 2 * ends.count)
        for end in ends where end != 0 { slots[slot(ofRunEndingAt: Int(end), in: tokens)] = end }
    }

    private static func slots(for capacity: Int) -> Int {
        var count = 16
        while count < 2 * capacity { count *= 2 }
        return count
    }
}
