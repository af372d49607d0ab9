public import Basics

/// Blocks of a sequence's beginning that somebody wants to stay.
public struct PrefixPin: Sendable {
    /// The first block first. A block that left the index meanwhile has another node, or none.
    var blocks: [(block: BlockID, node: PrefixNodeID)] = []

    /// Of no block.
    public init() {}

    public var blockCount: Int { blocks.count }
}

// A pin is a wish, no hold: pinned blocks without a holder are to be had like any others, but the others go first. So pins
// can make nobody wait, and a cache full of them works as one without.
//
// Whoever pins a block pins those before it, the last one first. So of pinned blocks, too, what comes after a block leaves
// before it.
extension PagedCache {
    /// Pin the blocks that the index knows of a sequence's first tokens.
    public func pin(_ tokens: [TokenID]) -> PrefixPin {
        var chain = PrefixChain.root
        extend(&chain, along: tokens, to: tokens.count)
        var pin = PrefixPin()
        var block = chain.block
        for _ in 0..<chain.tokenCount / blockTokens {
            allocator.pin(block)
            pin.blocks.append((block, index.node(of: block)))
            block = index.parent(of: block)
        }
        pin.blocks.reverse()
        return pin
    }

    /// Blocks that left meanwhile are passed over.
    public func unpin(_ pin: PrefixPin) {
        for (block, node) in pin.blocks.reversed() where index.node(of: block) == node { allocator.unpin(block) }
    }
}
