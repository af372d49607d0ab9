/// Where a sequence is in its life. What is stored of it is in its block table alone.
public enum SequenceState: Sendable, Equatable {
    /// Never ran yet; holds no block.
    case waiting
    /// Its known tokens are being computed, a chunk a step; has blocks for all of them.
    case prefilling
    /// One token a step.
    case decoding
    /// Lost its blocks to an older sequence; will be recomputed from its tokens.
    case preempted
    /// Holds no block any more.
    case finished
}
