/// A run of full blocks from a sequence's first token on that the index knows: named by its last node.
///
/// A chain that somebody holds stays valid; any other may lose its end at any time (`PagedCache.follow` looks).
public struct PrefixChain: Sendable, Equatable {
    /// Tokens in these blocks.
    public internal(set) var tokenCount = 0
    /// Of the last block; `root` for none.
    var node = PrefixNodeID.root
    /// The last block; meaningless at the root.
    var block = BlockID(rawValue: -1)

    /// No block.
    public static let root = PrefixChain()
}

/// One indexed block's identity: counted up, so that none ever comes again, whatever the block holds later.
struct PrefixNodeID: Hashable, Sendable, RawRepresentable {
    var rawValue: UInt64

    /// What the first block of a sequence comes after.
    static let root = PrefixNodeID(rawValue: 0)
}
