/// A sequence's logical blocks in order: logical block i holds its tokens i·blockTokens ..< (i + 1)·blockTokens.
public struct BlockTable: Sendable, Equatable {
    /// Physical block of each logical block.
    public internal(set) var blocks: [BlockID] = []
    /// Tokens whose keys and values are stored.
    public internal(set) var tokenCount = 0
    /// The first blocks, as far as they are indexed; never written again.
    public internal(set) var indexed = PrefixChain.root
    /// Some keys and values were never computed (`PagedCache.pretend`), so nobody else may have them.
    var isPretended = false

    public init() {}
}
