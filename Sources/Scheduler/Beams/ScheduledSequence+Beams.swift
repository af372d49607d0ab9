import PagedCache

extension ScheduledSequence {
    /// Places in the batch that it may come to fill.
    var places: Int {
        if case .beam(let group, _) = purpose { group.width } else { 1 }
    }

    /// It has lost its blocks, is computed again up to its last token, and its followers still have to be.
    var isRejoining: Bool { state == .prefilling && !followers.isEmpty && pendingTokens == 1 }

    /// Rows that a step takes of it and its followers while they are computed again (`planRejoining`).
    var rejoiningRows: Int {
        isRejoining ? followers.reduce(0) { $0 + max(0, $1.pendingTokens - 1) } : max(0, pendingTokens - 1)
    }

    /// All of them are computed up to their last token, and so can step together.
    var hasRejoined: Bool { isRejoining && followers.allSatisfy { $0.pendingTokens == 1 } }

    /// Whether it must be given blocks before those that are not planned yet.
    var takesBlocks: Bool { state == .decoding || isRejoining }

    /// Itself and its followers.
    var company: [ScheduledSequence] { [self] + followers }

    /// Tokens that both begin with.
    func tokensShared(with other: ScheduledSequence) -> Int {
        zip(tokens, other.tokens).prefix { $0 == $1 }.count
    }
}
