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
            holdings[live.holdings[logical]].until = step
            live.holdings[logical] = open(live, logical, blocks[logical])
            // Beams hand whole tables on, so that a change of theirs need not be a copy.
            if case .beam = live.sequence.purpose { continue }
            guard !cache.allocator.isShared(blocks[logical]) else { continue }
            marks.append(
                Mark(step: step, sequence: live.index, what: .copied, detail: live.blocks[logical].rawValue))
        }
        for index in live.holdings[kept...] { holdings[index].until = step }
        live.holdings.removeSubrange(kept...)
        for logical in kept..<blocks.count { live.holdings.append(open(live, logical, blocks[logical])) }
        live.blocks = blocks
    }

    private func open(_ live: Live, _ logical: Int, _ block: BlockID) -> Int {
        holdings.append(
            Holding(sequence: live.index, logical: Int32(logical), block: block.rawValue, from: step))
        return holdings.count - 1
    }

    /// The sequence holds nothing any more from step `until` on.
    func close(_ live: Live, until: Int32) {
        for index in live.holdings { holdings[index].until = until }
        live.holdings.removeAll()
        live.blocks.removeAll()
    }
}
