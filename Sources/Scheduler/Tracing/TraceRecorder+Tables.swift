import PagedCache

extension TraceRecorder {
    /// Compare a sequence's table with that of the last step, and write down what changed.
    ///
    /// - Parameter number: of the step, counted from the engine's first.
    func follow(_ live: Live, _ number: Int, _ cache: PagedCache) {
        let blocks = live.sequence.table.blocks
        guard !blocks.isEmpty else { return }
        live.lastHeld = number
        guard blocks != live.blocks else { return }
        let kept = min(blocks.count, live.blocks.count)
        for logical in 0..<kept where blocks[logical] != live.blocks[logical] {
            end(live.holdings[logical], step)
            live.holdings[logical] = open(live, logical, blocks[logical], cache)
            // Beams hand whole tables on, and an equal block that is indexed takes the place of one's own: neither is a copy.
            if case .beam = live.sequence.purpose { continue }
            guard !cache.allocator.isShared(blocks[logical]), !cache.allocator.isWanted(blocks[logical]) else {
                continue
            }
            marks.append(
                Mark(step: step, sequence: live.index, what: .copied, detail: live.blocks[logical].rawValue))
        }
        for index in live.holdings[kept...] { end(index, step) }
        live.holdings.removeSubrange(kept...)
        for logical in kept..<blocks.count { live.holdings.append(open(live, logical, blocks[logical], cache)) }
        live.blocks = blocks
    }

    private func open(_ live: Live, _ logical: Int, _ block: BlockID, _ cache: PagedCache) -> Int {
        takeCached(block, cache)
        holdings.append(
            Holding(sequence: live.index, logical: Int32(logical), block: block.rawValue, from: step))
        return holdings.count - 1
    }

    private func end(_ index: Int, _ until: Int32) {
        holdings[index].until = until
        letGo.append(holdings[index])
    }

    /// The sequence holds nothing any more from step `until` on.
    func close(_ live: Live, until: Int32) {
        for index in live.holdings { end(index, until) }
        live.holdings.removeAll()
        live.blocks.removeAll()
    }
}
