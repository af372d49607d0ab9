import PagedCache

// Who may begin to run: whoever finds its blocks free now and, with foresight, room for what it and all that run will
// probably still write. Without the latter too many begin, and are thrown out in turn just before they would have ended.
extension StepScheduler {
    /// Let the first of those that wait run, if there is room for it; blocks for all its known tokens are then its own.
    ///
    /// - Parameter forecast: of those that run, made when it is first needed; no longer true once a sequence leaves.
    func admit(_ sequence: ScheduledSequence, _ forecast: inout BlockForecast?) -> Bool {
        let needed = cache.blocksToReserve(sequence.tokens.count, for: sequence.table)
        // Every running sequence can still take a block.
        guard running.count < options.maxBatch, needed + running.count <= cache.freeBlocks else { return false }
        if options.foresight, !running.isEmpty {
            var next = forecast ?? self.forecast(of: running[...])
            add(sequence, holding: needed, to: &next)
            guard next.peak <= cache.blockCount else { return false }
            forecast = next
        }
        guard takeBlocks(sequence) else { return false }
        _ = waiting.takeFirst(at: steps)
        insert(sequence)
        return true
    }

    /// Sequences of higher priority that find no room take that of sequences of lower priority.
    func admitUrgent() {
        while let next = waiting.first(at: steps), let last = running.last, next.urgency.level < last.urgency.level {
            var forecast: BlockForecast?
            if admit(next, &forecast) { continue }
            guard canMakeRoom(for: next) else { return }
            preempt(last)
        }
    }

    /// How many siblings may go on from the end of their common prompt.
    func roomForForks(of sequence: ScheduledSequence, wanted: Int) -> Int {
        let most = min(wanted, max(0, options.maxBatch - running.count))
        guard options.foresight, most > 0 else { return most }
        // Each writes into a copy of the prompt's last block, or into a new one.
        let row = BlockForecast.Row(held: 1, growth: expectedBlocks(of: sequence))
        var forecast = forecast(of: running[...])
        for room in 0..<most {
            forecast.add(row)
            guard running.count + 2 * (room + 1) <= cache.freeBlocks, forecast.peak <= cache.blockCount else {
                return room
            }
        }
        return most
    }

    private func takeBlocks(_ sequence: ScheduledSequence) -> Bool {
        guard case .swapped(let swapped, let wasDecoding) = sequence.state else {
            guard cache.reserve(sequence.tokens.count, for: &sequence.table) else { return false }
            sequence.state = .prefilling
            return true
        }
        guard let swapSpace, let table = cache.swapIn(swapped, tokens: sequence.tokens.count, from: swapSpace) else {
            return false
        }
        sequence.table = table
        sequence.state = wasDecoding ? .decoding : .prefilling
        return true
    }

    /// Whether the sequence would be let in if all of lower priority had left.
    private func canMakeRoom(for sequence: ScheduledSequence) -> Bool {
        let keepers = running.prefix { $0.urgency.level <= sequence.urgency.level }
        let freed = running[keepers.endIndex...].reduce(0) { $0 + cache.blocksHeldAlone(by: $1.table) }
        let needed = cache.blocksToReserve(sequence.tokens.count, for: sequence.table)
        guard keepers.count < options.maxBatch, needed + keepers.count <= cache.freeBlocks + freed else { return false }
        guard options.foresight, !keepers.isEmpty else { return true }
        var forecast = forecast(of: keepers)
        add(sequence, holding: needed, to: &forecast)
        return forecast.peak <= cache.blockCount
    }

    // MARK: What will be needed

    /// Of some of those that run, the others taken as gone.
    private func forecast(of sequences: ArraySlice<ScheduledSequence>) -> BlockForecast {
        let alone = running.reduce(0) { $0 + cache.blocksHeldAlone(by: $1.table) }
        var forecast = BlockForecast(base: cache.usedBlocks - alone)
        for sequence in sequences {
            add(sequence, holding: cache.blocksHeldAlone(by: sequence.table), to: &forecast)
        }
        return forecast
    }

    /// The sequence and, while its prompt is not computed yet, its siblings.
    private func add(_ sequence: ScheduledSequence, holding blocks: Int, to forecast: inout BlockForecast) {
        let growth = expectedBlocks(of: sequence)
        forecast.add(BlockForecast.Row(held: blocks, growth: growth))
        for _ in sequence.siblings { forecast.add(BlockForecast.Row(held: 1, growth: growth)) }
    }

    /// Blocks that what it will still write will take beyond those that it has. The last token is never stored.
    private func expectedBlocks(of sequence: ScheduledSequence) -> Int {
        let generated = sequence.generatedCount
        let end = lengths.expected(generated: generated, limit: sequence.tokenLimit)
        return cache.blocks(forTokens: max(0, end - 1 - generated))
    }
}
