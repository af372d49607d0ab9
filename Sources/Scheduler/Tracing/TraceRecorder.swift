import DequeModule
import PagedCache

/// Writes down what the engine does, for `Trace`: the engine tells it before a step, when the step is computed, and when it
/// is settled, and it finds out by comparing block tables who holds which block.
///
/// Confined to the engine's queue. An engine that does not record has none, and pays nothing.
final class TraceRecorder {
    /// How much is kept; beyond that the oldest steps are dropped.
    struct Limits: Equatable {
        var steps = 50_000
        /// Holdings, runs and cached blocks together, 20 to 24 bytes each.
        var spans = 2_000_000
        /// So many steps are kept whatever their spans.
        var leastSteps = 1_000
    }

    struct Run: Equatable {
        var sequence: Int32
        var step: Int32
        var count: Int32
        var rows: Int32
        var work: Trace.Work
        var tokens: Int32
    }

    struct Holding: Equatable {
        var sequence: Int32
        var logical: Int32
        var block: Int32
        var from: Int32
        var until = Self.open

        static let open = Int32.max
    }

    struct Mark: Equatable {
        var step: Int32
        var sequence: Int32
        var what: Trace.Happening
        var detail: Int32
    }

    /// A sequence that is not done.
    final class Live {
        /// Into `sequences`.
        var index: Int32
        let sequence: ScheduledSequence
        /// Its table as of the last step, and into `holdings` for each of its blocks.
        var blocks: [BlockID] = []
        var holdings: [Int] = []
        /// Its last run, into `runs`.
        var run: Int?
        var generated = 0
        var preemptions = 0
        /// Its blocks were lost at least once without being swapped out.
        var mustRecompute = false
        /// It was swapped out and is not back yet.
        var isSwapped = false
        /// The last step, counted from the engine's first, that it held blocks in, and that it had rows in.
        var lastHeld = -1
        var lastPlanned = -1

        init(_ sequence: ScheduledSequence, index: Int) {
            self.sequence = sequence
            self.index = Int32(index)
        }
    }

    /// What the running step does with a sequence.
    struct Part {
        let live: Live
        var rows: Int
        var work: Trace.Work
        /// Of a beam: tokens that it draws, whether it goes on with one of them or not.
        var drawn: Int?
    }

    let limits: Limits
    var sequences: [Trace.Sequence] = []
    var steps = Trace.Steps()
    var runs: [Run] = []
    var holdings: [Holding] = []
    var marks: [Mark] = []
    var cached: [Cached] = []
    /// By block: into `cached` while nobody holds it and it is kept, −1 otherwise; and how many are.
    var openCached: [Int32] = []
    var openCachedCount = 0
    /// Holdings that ended since the last look at what is cached.
    var letGo: [Holding] = []
    var lives: [ObjectIdentifier: Live] = [:]
    var droppedSteps = 0
    var parts: [Part] = []
    private let origin = ContinuousClock.now
    private var stepBegin = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Microseconds since the recorder was made.
    var now: Int { Int((ContinuousClock.now - origin) / .microseconds(1)) }

    /// The step that runs, or the next one.
    var step: Int32 { Int32(steps.count) }

    // MARK: Told by the engine

    func take(_ request: ActiveRequest, label: String?) {
        for (sample, sequence) in request.sequences.enumerated() {
            register(sequence, request: request.id, label: label, sample: sample)
        }
    }

    func stepBegins() { stepBegin = now }

    /// The plan has been computed and nothing is settled: every sequence has the blocks that the step read and wrote.
    func stepWasComputed(_ plan: StepPlan, _ scheduler: StepScheduler) {
        parts.removeAll(keepingCapacity: true)
        let number = droppedSteps + steps.count
        for entry in plan.entries {
            let live = live(entry.sequence)
            notePreemptions(live)
            live.lastPlanned = number
            if live.blocks.isEmpty { noteBeginning(live, plan, scheduler.cache) }
            let work: Trace.Work =
                entry.sequence.state == .decoding ? .decode : live.mustRecompute ? .recompute : .prefill
            var part = Part(live: live, rows: entry.rows, work: work)
            if case .beam = entry.sequence.purpose { part.drawn = entry.wanted.count }
            parts.append(part)
            follow(live, number, scheduler.cache)
        }
        for sequence in scheduler.running {
            let live = live(sequence)
            guard live.lastPlanned != number else { continue }
            notePreemptions(live)
            if live.blocks.isEmpty { noteBeginning(live, plan, scheduler.cache) }
            parts.append(Part(live: live, rows: 0, work: .fork))
            follow(live, number, scheduler.cache)
            // Beams that are computed again, one after another, hold blocks while it is not their turn.
            for follower in sequence.followers where !follower.table.blocks.isEmpty {
                let live = self.live(follower)
                notePreemptions(live)
                follow(live, number, scheduler.cache)
            }
        }
        for sequence in scheduler.waiting.unordered where !sequence.table.blocks.isEmpty {
            follow(live(sequence), number, scheduler.cache)
        }
        for live in lives.values where live.lastHeld != number { part(with: live) }
        noteCached(scheduler.cache)
        steps.begin.append(stepBegin)
        steps.waiting.append(Int32(scheduler.waiting.count + scheduler.aside.count))
        steps.blocks.append(Int32(scheduler.cache.usedBlocks))
        steps.cached.append(Int32(scheduler.cache.cachedBlocks))
        steps.swapped.append(Int32(scheduler.swapSpace?.usedSlots ?? 0))
    }

    /// Tokens are written down, and sequences that ended have given their blocks back.
    func stepEnds(layers: Double, attention: Double, head: Double) {
        let end = now
        steps.duration.append(Int32(clamping: end - stepBegin))
        for part in parts {
            let tokens = part.drawn ?? part.live.sequence.generatedCount - part.live.generated
            part.live.generated += tokens
            sequences[Int(part.live.index)].generatedTokens = part.live.generated
            if part.rows > 0 || tokens > 0 { add(part, tokens: tokens, step: step - 1) }
            if part.live.sequence.state == .finished { leave(part.live, at: end) }
        }
        parts.removeAll(keepingCapacity: true)
        func micros(_ seconds: Double) -> Int32 { Int32(clamping: Int((seconds * 1e6).rounded())) }
        steps.layers.append(micros(layers))
        steps.attention.append(micros(attention))
        steps.head.append(micros(head))
        dropOldSteps()
    }

    /// Why the sequence ends in this step.
    func ended(_ sequence: ScheduledSequence, _ reason: FinishReason) {
        guard let live = lives[ObjectIdentifier(sequence)] else { return }
        sequences[Int(live.index)].reason = reason.rawValue
    }

    // MARK: Sequences

    func live(_ sequence: ScheduledSequence) -> Live {
        if let live = lives[ObjectIdentifier(sequence)] { return live }
        // Nobody told of it: it is scored, or came into being as a branch of another.
        let request: Int
        switch sequence.purpose {
        case .score: return register(sequence, request: sequence.arrival, label: nil, sample: 0)
        case .generate(let sample): request = sample.request.id
        case .beam(let group, _): request = group.request.id
        }
        let others = sequences.filter { $0.request == request }
        return register(sequence, request: request, label: others.first?.label, sample: others.count)
    }

    @discardableResult
    private func register(_ sequence: ScheduledSequence, request: Int, label: String?, sample: Int) -> Live {
        let live = Live(sequence, index: sequences.count)
        sequences.append(
            Trace.Sequence(
                request: request, label: label, sample: sample, promptTokens: sequence.promptCount, arrived: now))
        lives[ObjectIdentifier(sequence)] = live
        return live
    }

    private func leave(_ live: Live, at time: Int) {
        close(live, until: step)
        sequences[Int(live.index)].ended = time
        lives[ObjectIdentifier(live.sequence)] = nil
    }

    /// A sequence without blocks: it waits, was preempted, or was cancelled between two steps.
    private func part(with live: Live) {
        notePreemptions(live)
        close(live, until: step)
        guard live.sequence.state == .finished else { return }
        switch live.sequence.purpose {
        case .score: break
        case .generate, .beam:
            // Unless it was told of another reason between two steps.
            if sequences[Int(live.index)].reason == nil { sequences[Int(live.index)].reason = "cancelled" }
        }
        sequences[Int(live.index)].ended = stepBegin
        lives[ObjectIdentifier(live.sequence)] = nil
    }

    /// Those that ended since the last step, when there may be no next one.
    func noteEnds() {
        for live in lives.values where live.sequence.state == .finished {
            stepBegin = now
            part(with: live)
        }
    }

    private func add(_ part: Part, tokens: Int, step: Int32) {
        let run = Run(
            sequence: part.live.index, step: step, count: 1, rows: Int32(part.rows), work: part.work,
            tokens: Int32(tokens))
        if let last = part.live.run {
            let other = runs[last]
            if other.step + other.count == step, other.rows == run.rows, other.work == run.work,
                other.tokens == run.tokens
            {
                runs[last].count += 1
                return
            }
        }
        part.live.run = runs.count
        runs.append(run)
    }
}
