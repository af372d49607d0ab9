@testable import PagedCache

extension CacheWorkout {
    mutating func swapOut(_ index: Int) throws {
        var sequence = sequences[index]
        let expected = model.swapOut(&sequence.expected)
        let swapped = cache.swapOut(&sequence.table, to: space)
        try require((swapped == nil) == (expected == nil), "\(space.freeSlots) slots are free")
        guard let swapped, let expected else {
            return try require(sequence.table == sequences[index].table, "a table was changed that could not leave")
        }
        try require(sequence.table == BlockTable(), "the table is not empty")
        absent.append(Absent(text: sequence.text, table: swapped, expected: expected))
        sequences.remove(at: index)
    }

    mutating func swapIn() throws {
        guard let index = absent.indices.randomElement(using: &generator) else { return }
        let (text, swapped) = (absent[index].text, absent[index].table)
        let tokens = Int.random(in: 0...text.tokens.count + 20, using: &generator)
        let expected = model.swapIn(absent[index].expected, tokens: tokens)
        let table = cache.swapIn(swapped, tokens: tokens, from: space)
        try require((table == nil) == (expected == nil), "there is room, or there is none, for \(tokens) tokens")
        guard let table, let expected else { return }
        absent.remove(at: index)
        sequences.append(Sequence(text: text, table: table, expected: expected))
    }

    mutating func forget() {
        guard let index = absent.indices.randomElement(using: &generator) else { return }
        let sequence = absent.remove(at: index)
        space.release(sequence.table)
        model.release(sequence.expected)
    }

    /// Every slot, and every token's place in it.
    func compareSwapSpace() throws {
        try require(space.freeSlots == model.freeSlots.count, "slots are lost or freed too early")
        try require(space.isConsistent(with: absent.map(\.table)), "a slot is used twice")
        for sequence in absent {
            let slots = sequence.table.slots
            try require(slots == sequence.expected.slots, "\(slots) for \(sequence.expected.slots)")
            for position in 0..<sequence.table.tokenCount {
                let (slot, place) = (slots[position / Self.blockTokens], position % Self.blockTokens)
                try require(
                    memory.number(at: place, ofSlot: slot) == sequence.text.numbers[position],
                    "token \(position) of a text that is swapped out is not its own")
            }
        }
    }
}
