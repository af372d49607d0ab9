public import Kernels

/// Keys and values of all running sequences in fixed memory, handed out in blocks.
///
/// Owned by one thread at a time (the engine's queue); the worker lanes only see its `store`. Running out of blocks is
/// an answer (`false`), never a failure.
public final class PagedCache {
    public let layout: KeyValueLayout
    public let store: KeyValueStore
    /// One arena per node of the crew, holding that node's heads of every block.
    public let arenas: [NodeRegion]
    public internal(set) var allocator: BlockAllocator
    /// Full blocks by their tokens; kept in step with the allocator: what is indexed, it keeps.
    var index: PrefixIndex
    public internal(set) var prefixes = PrefixStatistics()

    public var blockTokens: Int { layout.blockTokens }
    public var blockCount: Int { allocator.count }
    /// Blocks that a reservation can have: empty ones, and cached ones that nobody holds.
    public var freeBlocks: Int { allocator.availableCount }
    /// Blocks that a table holds.
    public var usedBlocks: Int { allocator.usedCount }
    /// Tokens that fit when one sequence has the whole cache.
    public var tokenCapacity: Int { blockCount * blockTokens }

    /// Take the memory of `allocator.count` blocks, each node's share wanted on that node.
    ///
    /// - Parameter prefixHash: how blocks are found by their tokens; of what the keys and values depend on beside them.
    /// - Throws: `KernelError.outOfMemory`.
    public init(
        layout: KeyValueLayout, allocator: BlockAllocator, crew: WorkerLanes,
        prefixHash: PrefixHash = PrefixHash(scope: 0)
    ) throws {
        self.layout = layout
        self.allocator = allocator
        index = PrefixIndex(blocks: allocator.count, blockTokens: layout.blockTokens, hash: prefixHash)
        arenas = try crew.nodes.indices.map { node in
            let bytes = allocator.count.multipliedReportingOverflow(by: layout.bytesPerBlock(onNode: node))
            guard !bytes.overflow else {
                throw KernelError.outOfMemory(bytes: Int.max, purpose: "the key/value cache")
            }
            return try NodeRegion(
                byteCount: bytes.partialValue, node: crew.machine.canPlace ? crew.nodes[node].id : nil,
                purpose: "the key/value cache")
        }
        store = KeyValueStore(layout: layout, bases: arenas.map(\.base))
        // The first sequences should not wait for the system to find pages; the rest is taken when it is used.
        let arenas = arenas
        crew.run { lane in
            let bytes = min(arenas[lane.node].byteCount, Self.touchedAtStart)
            arenas[lane.node].touch(lane.shareOnNode(of: 0..<bytes))
        }
    }

    /// Bytes of each arena whose pages are taken at once.
    private static let touchedAtStart = 64 << 20

    public convenience init(
        layout: KeyValueLayout, blocks: Int, crew: WorkerLanes, prefixHash: PrefixHash = PrefixHash(scope: 0)
    ) throws {
        try self.init(
            layout: layout, allocator: BlockAllocator(count: blocks), crew: crew, prefixHash: prefixHash)
    }

    public func blocks(forTokens tokens: Int) -> Int { (tokens + blockTokens - 1) / blockTokens }

    /// Free blocks that `reserve(tokens, for: table)` would take.
    public func blocksToReserve(_ tokens: Int, for table: BlockTable) -> Int {
        let fresh = max(0, blocks(forTokens: tokens) - table.blocks.count)
        return fresh + (mustCopyLastBlock(of: table) ? 1 : 0)
    }

    /// Give the table room for `tokens` tokens in all, its next token in a block of its own. False, with nothing
    /// changed, when too few blocks are free.
    public func reserve(_ tokens: Int, for table: inout BlockTable) -> Bool {
        precondition(tokens >= table.tokenCount, "a reservation never drops tokens")
        guard blocksToReserve(tokens, for: table) <= freeBlocks else { return false }
        if mustCopyLastBlock(of: table) {
            let last = table.tokenCount / blockTokens
            let shared = table.blocks[last]
            let own = takeBlock()
            store.copyBlock(from: shared.index, to: own.index)
            allocator.release(shared)
            table.blocks[last] = own
        }
        while table.blocks.count < blocks(forTokens: tokens) { table.blocks.append(takeBlock()) }
        return true
    }

    /// A block of one's own. Where no empty one is left, the one that nobody has held for longest leaves the index for it.
    private func takeBlock() -> BlockID {
        guard let block = allocator.allocate() else { preconditionFailure("a reservation counts its blocks first") }
        if index.contains(block) {
            index.remove(block)
            prefixes.evictions += 1
        }
        return block
    }

    /// Count `tokens` more as stored; they must have been reserved and written.
    public func advance(_ table: inout BlockTable, by tokens: Int) {
        precondition(table.tokenCount + tokens <= table.blocks.count * blockTokens, "tokens lie in reserved blocks")
        table.tokenCount += tokens
    }

    /// A second holder of the same blocks; whoever writes into a shared block first copies it.
    public func fork(_ table: BlockTable) -> BlockTable {
        var copy = table
        copy.blocks.removeSubrange(blocks(forTokens: table.tokenCount)...)
        for block in copy.blocks { allocator.retain(block) }
        return copy
    }

    /// A second holder of the blocks that the first `tokens` tokens fill, as far as they are stored; it never writes into one.
    public func fork(_ table: BlockTable, wholeBlocksWithin tokens: Int) -> BlockTable {
        var copy = BlockTable()
        copy.blocks = Array(table.blocks.prefix(min(tokens, table.tokenCount) / blockTokens))
        copy.tokenCount = copy.blocks.count * blockTokens
        for block in copy.blocks { allocator.retain(block) }
        return copy
    }

    /// Give all blocks back; indexed ones stay to be had by their tokens until their room is needed.
    public func release(_ table: inout BlockTable) {
        // Last block first, so that the next sequence gets them in this one's order, and a cached beginning outlives what
        // came after it.
        for block in table.blocks.reversed() { allocator.release(block) }
        table = BlockTable()
    }

    // Only the block that the next token falls into can be both shared and written: full blocks are never written again,
    // and only full blocks are indexed.
    private func mustCopyLastBlock(of table: BlockTable) -> Bool {
        guard table.tokenCount % blockTokens != 0, table.tokenCount / blockTokens < table.blocks.count else {
            return false
        }
        return allocator.isShared(table.blocks[table.tokenCount / blockTokens])
    }
}
