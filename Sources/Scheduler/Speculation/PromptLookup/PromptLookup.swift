import Basics

/// Guesses how a text goes on from what followed its last tokens when they stood in it before, prompt included
/// (Saxena, "Prompt lookup decoding", 2023).
///
/// An index of one sequence that grows with it: amortised constant time a token, and about 32 bytes.
struct PromptLookup: Sendable {
    /// Where the last tokens stood before.
    struct Match: Sendable, Equatable {
        /// Index of the token that followed them.
        var next: Int
        /// How many tokens before it are the same as the last ones, at most `mostCompared`.
        var length: Int
    }

    /// Runs that are looked for, the longest first. What followed a single token says too little.
    static let orders = [4, 3, 2]
    /// A match is not followed back further than this.
    static let mostCompared = 32

    private var tables: [NGramTable]
    /// Runs that end at or before this index are in the tables.
    private var indexed = 0

    /// - Parameter expected: tokens that the sequence will have; more are no harm.
    init(expected: Int) {
        tables = Self.orders.map { NGramTable(order: $0, capacity: expected) }
    }

    /// The latest earlier place of the longest run that ends the list, of those that are looked for. The list must be the
    /// one of the last call, grown.
    mutating func match(_ tokens: [TokenID]) -> Match? {
        let end = tokens.count
        // A run is worth knowing when it is known what followed it.
        while indexed + 1 < end {
            indexed += 1
            for table in tables.indices where indexed >= tables[table].order {
                tables[table].add(endingAt: indexed, in: tokens)
            }
        }
        for table in tables where end > table.order {
            guard let next = table.last(equalTo: end, in: tokens) else { continue }
            var length = table.order
            while length < min(next, Self.mostCompared), tokens[next - length - 1] == tokens[end - length - 1] {
                length += 1
            }
            return Match(next: next, length: length)
        }
        return nil
    }

    /// Writes what followed the match into `guess`. Where that reaches the list's end it goes on with what was guessed, so
    /// that a text in a loop is guessed round and round.
    static func follow(_ match: Match, in tokens: [TokenID], count: Int, into guess: inout [TokenID]) {
        guess.removeAll(keepingCapacity: true)
        for index in match.next..<match.next + count {
            guess.append(index < tokens.count ? tokens[index] : guess[index - tokens.count])
        }
    }
}
