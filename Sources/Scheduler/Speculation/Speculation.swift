/// Whether tokens are guessed ahead, and from what.
public enum Speculation: Sendable {
    /// A token a step for each sequence.
    case none
    /// From the sequence's own tokens.
    ///
    /// - Parameters:
    ///   - mostTokens: that are guessed ahead for a sequence.
    ///   - isEager: every guess that has room is verified, whether it pays or not; for tests.
    case promptLookup(mostTokens: Int, isEager: Bool = false)
    /// From a smaller model of the same vocabulary; otherwise as above.
    case draftModel(DraftModel, mostTokens: Int, isEager: Bool = false)
}
