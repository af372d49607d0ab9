/// Whether tokens are guessed ahead, and from what.
public enum Speculation {
    /// A token a step for each sequence.
    case none
    /// From the sequence's own tokens; at most so many at a time.
    case promptLookup(mostTokens: Int)
}
