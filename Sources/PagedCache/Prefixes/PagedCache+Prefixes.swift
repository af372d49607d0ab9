public import Basics

// Sharing full blocks between sequences whose first tokens are the same. By the law of invariance a block's content
// depends on nothing but those tokens, so whose block it was shows in no bit.
//
// Tables that have a block in common have all blocks before it in common, too. So whoever holds an indexed block holds those
// before it; and since a table gives its last block back first, blocks without a holder leave before the one they come after.
extension PagedCache {
    /// Blocks without a holder whose content can be taken over.
    public var cachedBlocks: Int { allocator.keptCount }
    /// Whether the block has no holder and its content can be taken over.
    public func isCached(_ block: BlockID) -> Bool {
        allocator.referenceCount(block) == 0 && allocator.isWanted(block)
    }

    /// Index the table's blocks that are full. Where an equal block is indexed already, the table takes that one and gives
    /// its own back, unless others hold that too: it then gets no further until they are gone. To be called between two
    /// steps: a step's lanes read the blocks of its tables.
    ///
    /// - Parameter tokens: the sequence's, at least those that the table counts as stored.
    public func publish(_ tokens: [TokenID], of table: inout BlockTable) {
        guard table.indexed.tokenCount + blockTokens <= table.tokenCount, !table.isPretended else { return }
        precondition(table.tokenCount <= tokens.count, "stored tokens are the sequence's")
        tokens.withUnsafeBufferPointer { tokens in
            while table.indexed.tokenCount + blockTokens <= table.tokenCount {
                let begin = table.indexed.tokenCount
                let own = table.blocks[begin / blockTokens]
                let content = UnsafeBufferPointer(rebasing: tokens[begin..<begin + blockTokens])
                if let known = index.find(content, after: table.indexed) {
                    if known.block != own {
                        // The others have its next blocks as well, and would be left without what these come after.
                        guard !allocator.isShared(own) else { return }
                        allocator.retain(known.block)
                        allocator.release(own)
                        table.blocks[begin / blockTokens] = known.block
                        prefixes.duplicates += 1
                    }
                    table.indexed = known
                } else {
                    table.indexed = index.insert(own, content, after: table.indexed)
                    allocator.keep(own)
                }
            }
        }
    }

    /// Make the chain as long as the index knows a sequence's tokens, but for the last token: its logits are wanted, so it
    /// must be computed. A chain whose end has left the index begins anew.
    ///
    /// - Parameter count: of the tokens, only the first so many.
    public func follow(_ chain: inout PrefixChain, along tokens: [TokenID], first count: Int = .max) {
        if !index.contains(chain) { chain = .root }
        extend(&chain, along: tokens, to: min(count, tokens.count) - 1)
    }

    /// Make a valid chain as long as the index knows a sequence's first `count` tokens.
    func extend(_ chain: inout PrefixChain, along tokens: [TokenID], to count: Int) {
        tokens.withUnsafeBufferPointer { tokens in
            while chain.tokenCount + blockTokens <= count {
                let begin = chain.tokenCount
                let content = UnsafeBufferPointer(rebasing: tokens[begin..<begin + blockTokens])
                guard let longer = index.find(content, after: chain) else { return }
                chain = longer
            }
        }
    }

    /// What the block after a valid chain would be looked up by; equal for equal tokens after equal chains.
    ///
    /// - Parameter tokens: `blockTokens` of them.
    public func key(ofBlock tokens: ArraySlice<TokenID>, after chain: PrefixChain) -> UInt64 {
        tokens.withUnsafeBufferPointer { index.key($0, after: chain) }
    }

    /// Blocks that `adopt` and then `reserve(tokens, for: table)` would take from those that are to be had.
    public func blocksToReserve(_ tokens: Int, adopting chain: PrefixChain) -> Int {
        blocks(forTokens: tokens) - chain.tokenCount / blockTokens + keptBlocks(of: chain)
    }

    /// Become a further holder of a valid chain's blocks, whose tokens then count as stored in the table; it must be empty.
    ///
    /// - Parameter tokens: how many the sequence has, for the statistics.
    public func adopt(_ chain: PrefixChain, of tokens: Int, for table: inout BlockTable) {
        precondition(table.blocks.isEmpty, "a sequence adopts before it has blocks of its own")
        precondition(index.contains(chain), "the chain's end has left the index")
        prefixes.queriedTokens += tokens
        prefixes.adoptedTokens += chain.tokenCount
        var block = chain.block
        table.blocks.reserveCapacity(blocks(forTokens: tokens))
        table.blocks.append(contentsOf: repeatElement(block, count: chain.tokenCount / blockTokens))
        for place in table.blocks.indices.reversed() {
            allocator.retain(block)
            table.blocks[place] = block
            block = index.parent(of: block)
        }
        table.tokenCount = chain.tokenCount
        table.indexed = chain
    }

    /// Of a table that has stored nothing but indexed blocks: let blocks that are indexed by now take the place of its next, empty
    /// ones, and count their tokens as stored.
    ///
    /// - Parameters:
    ///   - tokens: the sequence's.
    ///   - count: of these, only the first so many, but for the last.
    public func adoptMore(along tokens: [TokenID], first count: Int, for table: inout BlockTable) {
        precondition(table.indexed.tokenCount == table.tokenCount, "what is stored is indexed")
        var chain = table.indexed
        follow(&chain, along: tokens, first: count)
        guard chain.tokenCount > table.tokenCount else { return }
        prefixes.adoptedTokens += chain.tokenCount - table.tokenCount
        var block = chain.block
        for place in (table.tokenCount / blockTokens..<chain.tokenCount / blockTokens).reversed() {
            allocator.retain(block)
            allocator.release(table.blocks[place])
            table.blocks[place] = block
            block = index.parent(of: block)
        }
        table.tokenCount = chain.tokenCount
        table.indexed = chain
    }

    /// Those of a valid chain's blocks that nobody holds: its last ones.
    private func keptBlocks(of chain: PrefixChain) -> Int {
        var block = chain.block
        var kept = 0
        for _ in 0..<chain.tokenCount / blockTokens {
            guard allocator.referenceCount(block) == 0 else { break }
            kept += 1
            block = index.parent(of: block)
        }
        return kept
    }
}
