/// How long texts have become lately, and so how long the running ones will probably be.
struct LengthHistory {
    private struct End {
        var length: Int
        /// Whether the text ended of itself; otherwise it would have gone on for nobody knows how long.
        var isNatural: Bool
    }

    /// Texts that are remembered.
    static let capacity = 128

    private var ends: [End] = []
    private var next = 0

    mutating func record(length: Int, isNatural: Bool) {
        let end = End(length: length, isNatural: isNatural)
        if ends.count < Self.capacity { ends.append(end) } else { ends[next] = end }
        next = (next + 1) % Self.capacity
    }

    /// Tokens that a text of `generated` tokens will have at its end, `limit` at most: what those became on average that were
    /// once as long. A text that reached its own limit tells only that it had not ended by then, and counts as if it went up
    /// to `limit`; so does one longer than all that are known.
    func expected(generated: Int, limit: Int) -> Int {
        var (sum, count) = (0, 0)
        for end in ends where end.length > generated {
            sum += end.isNatural ? min(end.length, limit) : limit
            count += 1
        }
        return count == 0 ? limit : (sum + count - 1) / count
    }
}
