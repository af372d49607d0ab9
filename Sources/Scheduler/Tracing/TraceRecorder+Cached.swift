import PagedCache

// Blocks that nobody holds and whose content is kept. Only blocks that a sequence has just let go of can become such, and they
// cease to be when somebody takes them; so a step looks at the blocks whose holders changed in it, not at all.
extension TraceRecorder {
    /// A block is kept without a holder.
    struct Cached: Equatable {
        var block: Int32
        /// Who held it last.
        var sequence: Int32
        var from: Int32
        var until = Self.open
        var fate = Trace.Fate.kept

        static let open = Int32.max
    }

    /// Enter the blocks that were let go of and are kept. To be called when all tables of the step were compared.
    func noteCached(_ cache: PagedCache) {
        if openCached.isEmpty { openCached = Array(repeating: -1, count: cache.blockCount) }
        for holding in letGo {
            let block = BlockID(rawValue: holding.block)
            guard openCached[block.index] < 0, cache.isCached(block) else { continue }
            openCached[block.index] = Int32(cached.count)
            openCachedCount += 1
            cached.append(Cached(block: holding.block, sequence: holding.sequence, from: step))
        }
        letGo.removeAll(keepingCapacity: true)
        // A sequence that came and went between two looks may have taken the room of blocks that nobody else asked for.
        guard openCachedCount != cache.cachedBlocks else { return }
        for block in openCached.indices where openCached[block] >= 0 {
            if !cache.isCached(BlockID(rawValue: Int32(block))) { endCached(BlockID(rawValue: Int32(block)), .evicted) }
        }
    }

    /// A sequence takes a block: with its content, or only its room.
    func takeCached(_ block: BlockID, _ cache: PagedCache) {
        guard block.index < openCached.count, openCached[block.index] >= 0 else { return }
        // A new content is wanted by others no earlier than when the step that computes it is settled.
        endCached(block, cache.allocator.isWanted(block) ? .adopted : .evicted)
    }

    private func endCached(_ block: BlockID, _ fate: Trace.Fate) {
        let index = Int(openCached[block.index])
        cached[index].until = step
        cached[index].fate = fate
        openCached[block.index] = -1
        openCachedCount -= 1
    }
}
