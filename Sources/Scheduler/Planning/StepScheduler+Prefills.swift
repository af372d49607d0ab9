import Models

// Which prompts a step computes, and how much of each. They go in order of urgency, and so one after the other: to compute
// equals side by side would make all of them late. Only one that is far longer than those behind it is overtaken, and it keeps
// the greater half of what it would have had: so nobody waits for more than twice as many steps as in order, whatever comes.
extension StepScheduler {
    func planPrefills(_ plan: inout StepPlan) {
        for sequence in running where sequence.state == .prefilling && sequence.awaitsTurn { adoptMore(sequence) }
        let budget = promptBudget(beside: plan.batch.rows)
        admitWaiting(budget, &plan)
        var left = rowsLeft(of: budget, plan)
        let overtaken = handOut(left, of: budget).overtaken
        for sequence in running where sequence.state == .prefilling && left > 0 {
            if let overtaken, overtaken.sequence === sequence { planOvertaking(overtaken, &left, &plan) }
            planChunk(of: sequence, &left, &plan)
        }
    }

    /// Sequences that come back to decode take rows too.
    private func rowsLeft(of budget: Int, _ plan: StepPlan) -> Int {
        min(budget, options.mostRows - plan.batch.rows)
    }

    /// What becomes of so many rows when they are handed out in order: what nobody claims, and who claims more than are left.
    private func handOut(_ rows: Int, of budget: Int) -> (unclaimed: Int, overtaken: OvertakenPrefill?) {
        var left = rows
        for sequence in running where sequence.state == .prefilling {
            let claim = sequence.followers.isEmpty ? sequence.promptRows : sequence.rejoiningRows
            guard claim > left else {
                left -= claim
                continue
            }
            return (0, OvertakenPrefill(sequence, rows: left, budget: budget))
        }
        return (left, nil)
    }

    // MARK: Admission

    private func admitWaiting(_ budget: Int, _ plan: inout StepPlan) {
        beginAdmission()
        defer { endAdmission() }
        var forecast: BlockForecast?
        while places < options.maxBatch, maySendAside, let next = waiting.first(at: steps),
            plan.batch.rows < options.mostRows
        {
            let (unclaimed, overtaken) = handOut(rowsLeft(of: budget, plan), of: budget)
            guard unclaimed > 0 || overtaken != nil || next.promptRows == 0 else { break }
            lookUp(next)
            if standsAside(next) { continue }
            let begins = unclaimed > 0 || next.promptRows == 0 || overtaken.map { isAhead(next, of: $0) } ?? false
            guard begins || overtaken.map(isWorthPassing) ?? false, admit(next, &forecast) else { break }
            next.awaitsTurn = !begins
            // One that was swapped out while it decoded goes on with its one row.
            if next.state == .decoding { plan.append(next, rows: next.pendingTokens) }
            if begins { noteInFlight(next) }
        }
    }

    /// Whether the first of those that wait would be computed in this step although a longer one claims all rows.
    private func isAhead(_ next: ScheduledSequence, of overtaken: OvertakenPrefill) -> Bool {
        guard let urgency = waiting.urgencyOfFirst(at: steps) else { return false }
        return urgency < overtaken.sequence.urgency
            || overtaken.isPassed(by: next, as: urgency) && hasShare(next.remainingPrompt, of: overtaken)
    }

    /// Whether somebody behind the first of those that wait could overtake if the first were let in, though not computed yet. It
    /// then gets its blocks, so that nobody is let in at its cost.
    private func isWorthPassing(_ overtaken: OvertakenPrefill) -> Bool {
        guard let first = waiting.urgencyOfFirst(at: steps), first.isPeer(of: overtaken.sequence.urgency) else {
            return false
        }
        let shortest = waiting.unordered.prefix(options.maxBatch).lazy
            .filter { overtaken.isPassed(by: $0, as: $0.urgency) }.map(\.remainingPrompt).min()
        return shortest.map { hasShare($0, of: overtaken) } ?? false
    }

    /// Whether those that overtake leave something of their share to one with so much to compute.
    private func hasShare(_ remaining: Int, of overtaken: OvertakenPrefill) -> Bool {
        running.lazy.filter { overtaken.isPassed(by: $0) && $0.remainingPrompt <= remaining }
            .reduce(0) { $0 + $1.promptRows } < overtaken.share
    }

    // MARK: Rows

    /// The least that remains goes first, so that as many as possible are done soon.
    private func planOvertaking(_ overtaken: OvertakenPrefill, _ left: inout Int, _ plan: inout StepPlan) {
        let others = running.filter { overtaken.isPassed(by: $0) }.sorted {
            ($0.remainingPrompt, $0.arrival) < ($1.remainingPrompt, $1.arrival)
        }
        var share = overtaken.share
        left -= share
        for sequence in others where share > 0 { planChunk(of: sequence, &share, &plan) }
        left += share
    }

    private func planChunk(of sequence: ScheduledSequence, _ budget: inout Int, _ plan: inout StepPlan) {
        guard sequence.followers.isEmpty else { return planRejoining(of: sequence, &budget, &plan) }
        sequence.awaitsTurn = false
        let rows = min(sequence.pendingTokens, budget, sequence.chunkLimit)
        plan.append(sequence, rows: rows)
        budget -= rows
    }
}

/// A prompt that claims all rows which are left of a step and will claim the next step's as well, and who may go before it.
struct OvertakenPrefill {
    let sequence: ScheduledSequence
    /// Rows that those who overtake it may have.
    let share: Int

    /// Who overtakes has so many times less left to compute. At half the rows it is done sooner then than the other would have
    /// been, and gains more than the other loses.
    static let ratio = 2

    /// - Parameters:
    ///   - rows: that are left for it.
    ///   - budget: rows of the whole step. One that a step finishes is overtaken by nobody: hardly anything is gained then.
    init?(_ sequence: ScheduledSequence, rows: Int, budget: Int) {
        // Beams that rejoin may leave rows of their claim, which are handed on.
        guard sequence.followers.isEmpty, sequence.remainingPrompt > budget else { return nil }
        self.sequence = sequence
        share = rows / 2
    }

    /// Whether one that runs may go before it.
    func isPassed(by other: ScheduledSequence) -> Bool {
        other.state == .prefilling && isPassed(by: other, as: other.urgency)
    }

    /// Whether one of that urgency may; neither priority nor deadline is passed over.
    func isPassed(by other: ScheduledSequence, as urgency: Urgency) -> Bool {
        sequence.urgency < urgency && sequence.urgency.isPeer(of: urgency) && other.followers.isEmpty
            && Self.ratio * other.remainingPrompt <= sequence.remainingPrompt
    }
}
