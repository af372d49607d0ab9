import Basics

/// The tokens of every indexed block, in memory that is taken once and not touched before it is used.
struct TokenArena: ~Copyable {
    let blocks: Int
    let blockTokens: Int
    private let base: UnsafeMutablePointer<TokenID>

    init(blocks: Int, blockTokens: Int) {
        self.blocks = blocks
        self.blockTokens = blockTokens
        base = .allocate(capacity: max(1, blocks * blockTokens))
    }

    deinit { base.deallocate() }

    private func place(of block: BlockID) -> UnsafeMutablePointer<TokenID> {
        precondition(block.index >= 0 && block.index < blocks, "the block is the cache's")
        return base + block.index * blockTokens
    }

    /// Write down a block's tokens, `blockTokens` of them.
    mutating func store(_ tokens: UnsafeBufferPointer<TokenID>, of block: BlockID) {
        precondition(tokens.count == blockTokens, "a block is indexed when it is full")
        guard let from = tokens.baseAddress else { return }
        place(of: block).initialize(from: from, count: blockTokens)
    }

    /// Whether these are the tokens of a block that was stored.
    func holds(_ tokens: UnsafeBufferPointer<TokenID>, in block: BlockID) -> Bool {
        tokens.elementsEqual(UnsafeBufferPointer(start: place(of: block), count: blockTokens))
    }
}
