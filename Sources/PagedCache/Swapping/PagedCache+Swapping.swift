extension PagedCache {
    /// Move what the table's blocks hold into the swap space and give the blocks back; those that others share stay
    /// theirs, and indexed ones can still be had by their tokens. `nil`, with nothing changed, when too few slots are free.
    public func swapOut(_ table: inout BlockTable, to space: SwapSpace) -> SwappedTable? {
        let stored = table.blocks.prefix(blocks(forTokens: table.tokenCount))
        guard let swapped = space.copyOut(table, stored, of: arenas) else { return nil }
        release(&table)
        return swapped
    }

    /// Bring a table back into blocks of its own, with room for `tokens` tokens in all. `nil`, with nothing changed, when too
    /// few blocks are free.
    public func swapIn(_ swapped: SwappedTable, tokens: Int, from space: SwapSpace) -> BlockTable? {
        var table = BlockTable()
        guard reserve(max(tokens, swapped.tokenCount), for: &table) else { return nil }
        space.copyIn(swapped, to: table.blocks.prefix(swapped.blockCount), of: arenas)
        advance(&table, by: swapped.tokenCount)
        table.isPretended = swapped.isPretended
        return table
    }

    /// Of the table's blocks, those that nobody else holds: what releasing it frees. Shared blocks lie in front, since
    /// whoever shares a block shares all before it, so a search of few steps finds the border. (Where one of two that share
    /// blocks has just exchanged one of them for an equal one, it is a little off.)
    public func blocksHeldAlone(by table: BlockTable) -> Int {
        var (low, high) = (0, table.blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if allocator.isShared(table.blocks[middle]) { low = middle + 1 } else { high = middle }
        }
        return table.blocks.count - low
    }
}
