import DequeModule
import Models
import PagedCache

/// Decides what runs in the next step: admission by free blocks, chunks of prompts within a token budget, preemption of
/// the youngest when blocks run out. Talks to the cache in its verbs and never touches a key or a value.
///
/// Confined to the engine's queue.
final class StepScheduler {
    let options: SchedulingOptions
    let cache: PagedCache
    /// Oldest first; preempted sequences stand before those that never ran.
    private(set) var waiting = Deque<ScheduledSequence>()
    /// Of those that wait, they stand aside until blocks that they need are there (`StepScheduler+Prefixes`).
    var aside: [ScheduledSequence] = []
    /// By arrival.
    private(set) var running: [ScheduledSequence] = []
    private(set) var preemptions = 0
    var inFlight = BlocksInFlight()
    /// How many stepped aside in this step.
    var steppedAside = 0
    /// What the engine has measured of its steps.
    var costs: StepCosts
    /// Rows of logits that are computed at a time.
    let mostWanted: Int

    init(options: SchedulingOptions, cache: PagedCache, mostWanted: Int) {
        self.options = options
        self.cache = cache
        self.mostWanted = mostWanted
        costs = StepCosts(mostRows: options.mostRows, mostWanted: mostWanted)
    }

    var isIdle: Bool { waiting.isEmpty && running.isEmpty && aside.isEmpty }

    func add(_ sequence: ScheduledSequence) { waiting.append(sequence) }

    /// Fill `plan` with the next step; empty when nothing can run.
    func plan(_ plan: inout StepPlan) {
        plan.removeAll()
        planDecodes(&plan)
        callBack()
        switch options.policy {
        case .continuous: planPrefills(&plan)
        case .static: planGrid(&plan)
        }
    }

    /// Count the step's tokens as stored, but for guessed ones: those may never be of the text (`keep`).
    func commit(_ plan: StepPlan) {
        for entry in plan.entries where entry.sequence.state != .finished {
            cache.advance(&entry.sequence.table, by: entry.rows - entry.drafted)
        }
    }

    /// The prompt is computed: its siblings take a share of its blocks and run from here on, as many as the batch holds;
    /// the others wait and compute the prompt themselves. Returns those that run.
    func fork(_ sequence: ScheduledSequence) -> [ScheduledSequence] {
        let siblings = sequence.siblings
        sequence.siblings = []
        let room = max(0, options.maxBatch - places)
        for sibling in siblings.prefix(room) {
            sibling.table = cache.fork(sequence.table)
            sibling.state = .decoding
            insert(sibling)
        }
        for sibling in siblings.dropFirst(room).reversed() { waiting.prepend(sibling) }
        return Array(siblings.prefix(room))
    }

    /// The sequence ends, for whatever reason: its blocks are free now, or cached. What its table counts as stored must have
    /// been computed.
    func finish(_ sequence: ScheduledSequence) {
        switch sequence.state {
        case .waiting, .preempted:
            waiting.removeAll { $0 === sequence }
            aside.removeAll { $0 === sequence }
        case .prefilling, .decoding: running.removeAll { $0 === sequence }
        case .finished: return
        }
        publish(sequence)
        release(sequence)
        sequence.state = .finished
    }

    /// Take every running sequence's blocks; all are recomputed later.
    func preemptAll() {
        while let last = running.last { preempt(last) }
    }

    // MARK: Decoding

    private func planDecodes(_ plan: inout StepPlan) {
        // Victims come from the end, so the index stays valid while the list shrinks behind it.
        var index = 0
        while index < running.count {
            let sequence = running[index]
            if sequence.hasRejoined { sequence.state = .decoding }
            if sequence.takesBlocks {
                while sequence.takesBlocks, !reserve(sequence) { preempt(running[running.count - 1]) }
                guard sequence.takesBlocks else { break }
            }
            if sequence.state == .decoding {
                plan.append(sequence, rows: sequence.pendingTokens, draft: reserveDraft(of: sequence))
                for follower in sequence.followers { plan.append(follower, rows: follower.pendingTokens) }
            }
            index += 1
        }
    }

    private func preempt(_ sequence: ScheduledSequence) {
        running.removeAll { $0 === sequence }
        release(sequence)
        sequence.state = .preempted
        sequence.preemptions += 1
        preemptions += 1
        putBack(sequence)
    }

    /// Before everyone younger, so that ages stay in order.
    func putBack(_ sequence: ScheduledSequence) {
        let place = waiting.firstIndex {
            $0.arrival > sequence.arrival || $0.state == .waiting && sequence.state == .preempted
        }
        waiting.insert(sequence, at: place ?? waiting.endIndex)
    }

    // MARK: Prefill, continuous

    private func planPrefills(_ plan: inout StepPlan) {
        var budget = promptBudget(beside: plan.batch.rows)
        for sequence in running where sequence.state == .prefilling && budget > 0 {
            planChunk(of: sequence, &budget, &plan)
        }
        admitWaiting(&budget, &plan)
    }

    private func admitWaiting(_ budget: inout Int, _ plan: inout StepPlan) {
        beginAdmission()
        defer { endAdmission() }
        while budget > 0, running.count < options.maxBatch, maySendAside, let next = waiting.first {
            lookUp(next)
            if standsAside(next) {
                waiting.removeFirst()
                continue
            }
            guard admit(next) else { break }
            noteInFlight(next)
            planChunk(of: next, &budget, &plan)
        }
    }

    /// Prompt rows that the step takes on beside its decoding ones.
    private func promptBudget(beside decoding: Int) -> Int {
        if let chunk = options.prefillChunk { return min(chunk, options.mostRows - decoding) }
        let joining = waiting.prefix(max(0, options.maxBatch - places))
        let choice = PrefillChoice(
            decoding: decoding,
            prompts: running.reduce(0) { $0 + $1.promptRows } + joining.reduce(0) { $0 + $1.promptRows },
            sequences: running.count + joining.count, mostRows: options.mostRows)
        return choice.rows(by: costs)
    }

    private func planChunk(of sequence: ScheduledSequence, _ budget: inout Int, _ plan: inout StepPlan) {
        guard sequence.followers.isEmpty else { return planRejoining(of: sequence, &budget, &plan) }
        let rows = min(sequence.pendingTokens, budget, sequence.chunkLimit)
        plan.append(sequence, rows: rows)
        budget -= rows
    }

    /// Let the first waiting sequence run if the batch has places for it, all its known tokens fit and every running one can
    /// still take a block.
    private func admit(_ sequence: ScheduledSequence) -> Bool {
        let places = places
        guard places + sequence.places <= options.maxBatch else { return false }
        guard blocksToAdmit(sequence) + blocksForFollowers(of: sequence) + places <= cache.freeBlocks else {
            return false
        }
        adopt(sequence)
        guard cache.reserve(sequence.tokens.count, for: &sequence.table) else { return false }
        waiting.removeFirst()
        sequence.state = .prefilling
        insert(sequence)
        return true
    }

    private func insert(_ sequence: ScheduledSequence) {
        let place = running.firstIndex { $0.arrival > sequence.arrival } ?? running.endIndex
        running.insert(sequence, at: place)
    }

    // MARK: Prefill, static

    /// A new batch begins only when the last one's last row has ended. Its prompts are one left-padded grid, computed
    /// column by column in windows of about the budget, so that all rows begin to decode in the same step. Rows take over what
    /// earlier batches have left in the cache, but none waits for another of its own batch: the grid has all or none.
    private func planGrid(_ plan: inout StepPlan) {
        if running.isEmpty {
            while let next = waiting.first {
                lookUp(next)
                guard admit(next) else { break }
            }
        }
        let prefilling = running.filter { $0.state == .prefilling }
        guard !prefilling.isEmpty else { return }
        var budget = promptBudget(beside: plan.batch.rows)
        for sequence in prefilling where !sequence.followers.isEmpty { planRejoining(of: sequence, &budget, &plan) }
        let rows = prefilling.filter(\.followers.isEmpty)
        guard !rows.isEmpty, budget > 0 else { return }
        let grid = LeftPaddedBatch(rows.map { Array($0.tokens[$0.table.tokenCount...]) })
        let limit = rows.reduce(Int.max) { min($0, $1.chunkLimit) }
        let window = 0..<min(grid.columns, limit, max(1, budget / rows.count))
        for (row, sequence) in rows.enumerated() {
            let real = grid.realTokens(row: row, in: window).count
            if real > 0 { plan.append(sequence, rows: real) }
        }
    }
}
