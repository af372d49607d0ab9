import PagedCache

/// Where a sequence is in its life. What is stored of it is in its block table alone, or in the swap space.
enum SequenceState: Sendable, Equatable {
    /// Never ran yet; holds no block.
    case waiting
    /// Its known tokens are being computed, a chunk a step; has blocks for all of them.
    case prefilling
    /// One token a step.
    case decoding
    /// Lost its blocks to a more urgent sequence; will be recomputed from its tokens.
    case preempted
    /// Lost its blocks, but what they held is kept; goes on where it was.
    case swapped(SwappedTable, wasDecoding: Bool)
    /// Holds no block any more.
    case finished
}
