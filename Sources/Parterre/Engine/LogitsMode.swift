/// How logits are computed; by the law of invariance the mode changes no bit of them.
public enum LogitsMode: String, Sendable, CaseIterable {
    /// Each sequence alone, whole, with no cache and no pages.
    case uncached
    /// Each sequence alone, one token a step, through the pages.
    case cached
    /// All sequences through the scheduler together, in chunks.
    case batched
    /// All sequences as one left-padded grid with its mask, and some columns more.
    case padded
}
