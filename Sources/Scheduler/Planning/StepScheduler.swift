import Models
import PagedCache

/// Decides what runs in the next step: admission by free blocks, chunks of prompts within a token budget, preemption of
/// the least urgent when blocks run out. Talks to the cache in its verbs and never touches a key or a value.
///
/// Confined to the engine's queue.
final class StepScheduler {
    let options: SchedulingOptions
    let cache: PagedCache
    /// Where preempted sequences may leave what their blocks held.
    let swapSpace: SwapSpace?
    var waiting = WaitingQueue()
    /// Of those that wait, they stand aside until blocks that they need are there (`StepScheduler+Prefixes`).
    var aside = SequencesAside()
    /// The most urgent first.
    var running: [ScheduledSequence] = []
    /// Steps that were planned.
    private(set) var steps = 0
    /// Preempted sequences, and how many of these were swapped out.
    var preemptions = 0
    var swaps = 0
    var inFlight = BlocksInFlight()
    /// Of those that wait, the one that was looked up last in this step.
    var lastLookedUp: ScheduledSequence?
    /// How many stepped aside in this step.
    var steppedAside = 0
    /// What the engine has measured of its steps.
    var costs: StepCosts
    /// How long texts have become.
    var lengths = LengthHistory()
    /// Rows of logits that are computed at a time.
    let mostWanted: Int

    init(options: SchedulingOptions, cache: PagedCache, swapSpace: SwapSpace? = nil, mostWanted: Int) {
        self.options = options
        self.cache = cache
        self.swapSpace = swapSpace
        self.mostWanted = mostWanted
        costs = StepCosts(mostRows: options.mostRows, mostWanted: mostWanted)
    }

    var isIdle: Bool { waiting.isEmpty && running.isEmpty && aside.isEmpty }

    func add(_ sequence: ScheduledSequence) { waiting.insert(sequence, at: steps) }

    /// Fill `plan` with the next step; empty when nothing can run.
    func plan(_ plan: inout StepPlan) {
        plan.removeAll()
        steps += 1
        if options.policy == .continuous { admitUrgent() }
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

    /// The prompt is computed: its siblings take a share of its blocks and run from here on, as many as there is room for;
    /// the others wait and compute the prompt themselves. Returns those that run.
    func fork(_ sequence: ScheduledSequence) -> [ScheduledSequence] {
        let siblings = sequence.siblings
        sequence.siblings = []
        let room = roomForForks(of: sequence, wanted: siblings.count)
        for sibling in siblings.prefix(room) {
            sibling.table = cache.fork(sequence.table)
            sibling.state = .decoding
            insert(sibling)
        }
        for sibling in siblings.dropFirst(room) {
            sibling.since = sequence.since
            add(sibling)
        }
        return Array(siblings.prefix(room))
    }

    /// The sequence ends, for whatever reason: its blocks are free now, or cached. What its table counts as stored must have
    /// been computed.
    func finish(_ sequence: ScheduledSequence) {
        switch sequence.state {
        case .waiting, .preempted:
            waiting.remove(sequence)
            aside.remove(sequence)
        case .swapped(let swapped, _):
            waiting.remove(sequence)
            swapSpace?.release(swapped)
        case .prefilling, .decoding: running.removeAll { $0 === sequence }
        case .finished: return
        }
        publish(sequence)
        release(sequence)
        sequence.state = .finished
    }

    func insert(_ sequence: ScheduledSequence) {
        let place = running.firstIndex { $0.urgency > sequence.urgency } ?? running.endIndex
        running.insert(sequence, at: place)
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

    // MARK: Prefill

    /// Sequences that the batch has places for, and the prompt rows of about these.
    var joining: (sequences: Int, rows: Int) {
        let sequences = min(waiting.count, max(0, options.maxBatch - places))
        return (sequences, waiting.unordered.prefix(sequences).reduce(0) { $0 + $1.promptRows })
    }

    /// Prompt rows that the step takes on beside its decoding ones.
    func promptBudget(beside decoding: Int) -> Int {
        if let chunk = options.prefillChunk { return min(chunk, options.mostRows - decoding) }
        let joining = joining
        let choice = PrefillChoice(
            decoding: decoding, prompts: running.reduce(joining.rows) { $0 + $1.promptRows },
            sequences: running.count + joining.sequences, mostRows: options.mostRows, stepTime: options.stepTime)
        return choice.rows(by: costs)
    }

    // MARK: Prefill, static

    /// A new batch begins only when the last one's last row has ended. Its prompts are one left-padded grid, computed
    /// column by column in windows of about the budget, so that all rows begin to decode in the same step. Rows take over what
    /// earlier batches have left in the cache, but none waits for another of its own batch: the grid has all or none.
    private func planGrid(_ plan: inout StepPlan) {
        if running.isEmpty {
            var forecast: BlockForecast?
            while let next = waiting.first(at: steps) {
                lookUp(next)
                guard admit(next, &forecast) else { break }
                if next.state == .decoding { plan.append(next, rows: next.pendingTokens) }
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
