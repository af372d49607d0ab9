/// A sequence's logical blocks in order: logical block i holds its tokens i·blockTokens ..< (i + 1)·blockTokens.
public struct BlockTable: Sendable, Equatable {
    /// Physical block of each logical block.
    public internal(set) var blocks: [BlockID] = []
    /// Tokens whose keys and values are stored.
    public internal(set) var tokenCount = 0

    public init() {}
}
