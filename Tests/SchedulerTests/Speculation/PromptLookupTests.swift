import Basics
import TestSupport
import Testing

@testable import Scheduler

@Suite struct PromptLookupTests {
    /// What `match` must find, by looking everywhere.
    static func reference(_ tokens: [TokenID]) -> PromptLookup.Match? {
        let end = tokens.count
        for order in PromptLookup.orders where end > order {
            let places = (order..<end).reversed()
            guard let next = places.first(where: { tokens[$0 - order..<$0] == tokens[end - order..<end] }) else {
                continue
            }
            var length = order
            while length < PromptLookup.mostCompared, next > length,
                tokens[next - length - 1] == tokens[end - length - 1]
            {
                length += 1
            }
            return PromptLookup.Match(next: next, length: length)
        }
        return nil
    }

    @Test(
        "the index finds what a search of the whole text finds, however the text grows", arguments: UInt64(1)...20,
        [2, 3, 9, 60])
    func bruteForce(_ seed: UInt64, _ vocabulary: Int) {
        var generator = SplitMix64(seed: seed)
        var lookup = PromptLookup(expected: Int.random(in: 0...40, using: &generator))
        var tokens: [TokenID] = []
        while tokens.count < 300 {
            if tokens.count > 20, Int.random(in: 0..<4, using: &generator) == 0 {
                // Say something again.
                let first = Int.random(in: 0..<tokens.count - 12, using: &generator)
                tokens += tokens[first..<first + Int.random(in: 1...12, using: &generator)]
            } else {
                for _ in 0...Int.random(in: 0...3, using: &generator) {
                    tokens.append(TokenID(Int.random(in: 0..<vocabulary, using: &generator)))
                }
            }
            #expect(lookup.match(tokens) == Self.reference(tokens), "seed \(seed), \(tokens.count) tokens")
        }
    }

    @Test("tokens whose hashes share a slot are told apart")
    func collisions() {
        // 64 slots at first for many more runs than that: nearly every place is taken on the way.
        var generator = SplitMix64(seed: 5)
        var table = NGramTable(order: 2, capacity: 1)
        let tokens = (0..<2000).map { _ in TokenID(Int.random(in: 0..<200, using: &generator)) }
        for end in 2..<tokens.count {
            let expected = (2..<end).last { tokens[$0 - 2..<$0] == tokens[end - 2..<end] }
            #expect(table.last(equalTo: end, in: tokens) == expected)
            table.add(endingAt: end, in: tokens)
        }
    }

    @Test("a guess follows the text, and itself where the text ends: loops are guessed round and round")
    func follow() {
        var guess: [TokenID] = [99]
        let tokens: [TokenID] = [5, 1, 2, 3, 1, 2]
        PromptLookup.follow(.init(next: 3, length: 2), in: tokens, count: 7, into: &guess)
        #expect(guess == [3, 1, 2, 3, 1, 2, 3])
        PromptLookup.follow(.init(next: 1, length: 2), in: tokens, count: 3, into: &guess)
        #expect(guess == [1, 2, 3])
    }

    @Test("a text of one token over and over is guessed whole")
    func constant() {
        let speculation = SequenceSpeculation()
        speculation.look(after: Array(repeating: 7, count: 10), most: 8)
        #expect(speculation.guess == Array(repeating: 7, count: 8))
        speculation.look(after: Array(repeating: 7, count: 11), most: 0)
        #expect(speculation.guess.isEmpty && speculation.riding.isEmpty)
    }
}
