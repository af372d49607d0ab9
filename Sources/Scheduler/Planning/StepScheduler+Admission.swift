import PagedCache

// Who may begin to run: whoever finds its blocks free now and, with foresight, will not be thrown out before that was worth
// it. To throw a sequence out and bring it back takes so many seconds; one row more in a step is worth so many; their
// quotient is how many steps there must be room for, for it and for all that run. Where copying is cheap and steps hold few
// rows that is a few steps, and the cache is always full; where everything must be computed again it is hundreds.
extension StepScheduler {
    /// Let the first of those that wait, just looked up, run if there is room for it; it then has blocks for all its known
    /// tokens.
    ///
    /// - Parameter forecast: of those that run, made when it is first needed; no longer true once a sequence leaves.
    func admit(_ sequence: ScheduledSequence, _ forecast: inout BlockForecast?) -> Bool {
        let places = places
        let needed = blocksToAdmit(sequence) + blocksForFollowers(of: sequence)
        // Every running sequence can still take a block.
        guard places + sequence.places <= options.maxBatch, needed + places <= cache.freeBlocks else { return false }
        if options.foresight, !running.isEmpty {
            var next =
                forecast ?? self.forecast(of: running[...], horizon: horizon(for: sequence, beside: places))
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
        func isMoreUrgent(_ next: ScheduledSequence) -> Bool {
            running.last.map { next.urgency.level < $0.urgency.level } ?? false
        }
        guard let first = waiting.first(at: steps), isMoreUrgent(first) else { return }
        beginAdmission()
        defer { endAdmission() }
        while maySendAside, let next = waiting.first(at: steps), isMoreUrgent(next), let last = running.last {
            lookUp(next)
            if standsAside(next) { continue }
            var forecast: BlockForecast?
            if admit(next, &forecast) {
                noteInFlight(next)
            } else {
                guard canMakeRoom(for: next) else { return }
                preempt(last)
            }
        }
    }

    /// How many siblings may go on from the end of their common prompt.
    func roomForForks(of sequence: ScheduledSequence, wanted: Int) -> Int {
        let places = places
        let most = min(wanted, max(0, options.maxBatch - places))
        guard options.foresight, most > 0 else { return most }
        var forecast = forecast(of: running[...], horizon: horizon(for: sequence, beside: places))
        // Each writes into a copy of the prompt's last block, or into a new one.
        let row = BlockForecast.Row(held: 1, growth: expectedBlocks(of: sequence, within: forecast.horizon))
        for room in 0..<most {
            forecast.add(row)
            guard places + 2 * (room + 1) <= cache.freeBlocks, forecast.peak <= cache.blockCount else {
                return room
            }
        }
        return most
    }

    private func takeBlocks(_ sequence: ScheduledSequence) -> Bool {
        guard case .swapped(let swapped, let wasDecoding) = sequence.state else {
            adopt(sequence)
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
        let places = keepers.reduce(0) { $0 + $1.places }
        let freed = running[keepers.endIndex...].reduce(0) { $0 + blocksHeldAlone(by: $1) }
        let needed = blocksToAdmit(sequence) + blocksForFollowers(of: sequence)
        guard places + sequence.places <= options.maxBatch, needed + places <= cache.freeBlocks + freed else {
            return false
        }
        guard options.foresight, !keepers.isEmpty else { return true }
        var forecast = forecast(of: keepers, horizon: horizon(for: sequence, beside: places))
        add(sequence, holding: needed, to: &forecast)
        return forecast.peak <= cache.blockCount
    }

    // MARK: What will be needed

    /// Steps that a sequence should run for, beside so many others, before it may be thrown out. It will be on about half of
    /// its way then.
    private func horizon(for sequence: ScheduledSequence, beside others: Int) -> Int {
        let tokens = sequence.tokens.count + expectedTokens(of: sequence) / 2
        let cost = costOfPreempting(tokens: tokens, mayBeSwapped: sequence.places == 1)
        return costs.steps(toEarn: cost.seconds, asOneOf: others + 1)
    }

    /// Of some of those that run, the others taken as gone.
    private func forecast(of sequences: ArraySlice<ScheduledSequence>, horizon: Int) -> BlockForecast {
        let alone = running.reduce(0) { $0 + blocksHeldAlone(by: $1) }
        var forecast = BlockForecast(base: cache.usedBlocks - alone, horizon: horizon)
        for sequence in sequences {
            add(sequence, holding: blocksHeldAlone(by: sequence), to: &forecast)
        }
        return forecast
    }

    /// By the sequence, or by each of a search's beams.
    private func blocksHeldAlone(by sequence: ScheduledSequence) -> Int {
        sequence.followers.reduce(cache.blocksHeldAlone(by: sequence.table)) {
            $0 + cache.blocksHeldAlone(by: $1.table)
        }
    }

    /// The sequence; while its prompt is not computed yet, its siblings; and as many beams as there will be.
    private func add(_ sequence: ScheduledSequence, holding blocks: Int, to forecast: inout BlockForecast) {
        let growth = expectedBlocks(of: sequence, within: forecast.horizon)
        forecast.add(BlockForecast.Row(held: blocks, growth: growth))
        for _ in sequence.siblings { forecast.add(BlockForecast.Row(held: 1, growth: growth)) }
        for _ in 1..<sequence.places { forecast.add(BlockForecast.Row(held: 0, growth: growth)) }
    }

    /// Tokens that it will still write, but for the last, which is never stored.
    private func expectedTokens(of sequence: ScheduledSequence) -> Int {
        let generated = sequence.generatedCount
        return max(0, lengths.expected(generated: generated, limit: sequence.tokenLimit) - 1 - generated)
    }

    /// Blocks that these take beyond those that it has, in so many steps.
    private func expectedBlocks(of sequence: ScheduledSequence, within steps: Int) -> Int {
        cache.blocks(forTokens: min(steps, expectedTokens(of: sequence)))
    }
}
