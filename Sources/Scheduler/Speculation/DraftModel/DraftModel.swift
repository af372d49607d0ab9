import Basics
public import Kernels
public import Models
public import PagedCache

/// A smaller model of the same vocabulary that guesses what a model will say, with a cache of its own, on the same lanes.
///
/// It guesses one token a step, for all sequences together. A sequence whose tokens it has not seen yet (a prompt, or what
/// was said without it) is caught up in chunks; one that finds no block here simply gets no guess. Made for one engine and
/// owned by its queue.
public final class DraftModel: @unchecked Sendable {
    let model: Bloom
    let cache: PagedCache
    /// What its steps have cost.
    private(set) var costs: StepCosts
    private let workspace: BloomWorkspace
    private var batch = StepBatch()
    private var parts: [Part] = []
    /// Of `parts`, those that draw, in the order of the wanted rows; and what is asked of their logits.
    private var drawing: [Part] = []
    private var demands: [RowDemand] = []

    /// One sequence's part of a step.
    private struct Part {
        let speculation: SequenceSpeculation
        let draft: SequenceDraft
        /// Length of the text.
        let known: Int
        /// Tokens that are guessed already.
        let guessed: Int
        /// Rows of the step that are of the text; 0: its row is of a guessed token.
        let ofText: Int
    }

    /// Most tokens that are caught up in a step, of all sequences together, so that a long prompt holds nobody up for long.
    static let chunk = 256
    /// Sequences that it guesses for in a step.
    static let mostSequences = BatchEngine.logitRows

    /// - Throws: `KernelError.outOfMemory`.
    public init(model: Bloom, cache: PagedCache, crew: WorkerLanes) throws {
        self.model = model
        self.cache = cache
        let rows = Self.chunk + Self.mostSequences
        workspace = try BloomWorkspace(model, rows: rows, logitRows: Self.mostSequences, lanes: crew.count)
        costs = StepCosts(mostRows: rows, mostWanted: Self.mostSequences)
    }

    /// Guess as many tokens of each sequence as its `drafted` asks for; fewer, which `drafted` then says, where it had to be
    /// caught up first or found no block.
    ///
    /// - Parameter sequences: those with anything to guess, at most `mostSequences`.
    func guess(for sequences: [ScheduledSequence], crew: WorkerLanes, scratch: [SamplingScratch]) {
        begin(sequences)
        while !parts.isEmpty {
            run(crew, scratch)
            proceed()
        }
        for sequence in sequences {
            guard let speculation = sequence.speculation else { continue }
            speculation.drafted = min(speculation.drafted, speculation.guess.count)
        }
    }

    /// Tokens of a sequence that it has not seen, the last one included.
    static func unseen(of sequence: ScheduledSequence) -> Int {
        sequence.tokens.count - (sequence.speculation?.draft?.table.tokenCount ?? 0)
    }

    // MARK: A step

    /// The first step: of each text what is not seen yet, as far as the chunk goes.
    private func begin(_ sequences: [ScheduledSequence]) {
        removeAll()
        var budget = Self.chunk
        for sequence in sequences {
            guard let speculation = sequence.speculation, let draft = speculation.draft,
                case .generate(let sample) = sequence.purpose
            else { continue }
            let known = sequence.tokens.count
            guard cache.reserve(known + speculation.drafted - 1, for: &draft.table) else { continue }
            let stored = draft.table.tokenCount
            // Behind the chunk's end a row each: there is room for one of every sequence.
            let rows = min(known - stored, max(1, budget))
            budget -= rows
            let part = Part(speculation: speculation, draft: draft, known: known, guessed: 0, ofText: rows)
            let draws = stored + rows == known
            if draws { draft.begin(sample) }
            append(sequence.tokens[stored..<stored + rows], at: stored, part, draws: draws)
        }
    }

    private func append(_ tokens: ArraySlice<TokenID>, at position: Int, _ part: Part, draws: Bool) {
        batch.append(
            tokens, firstPosition: Position(position), blockTable: part.draft.table.blocks.lazy.map(\.rawValue),
            wanted: draws ? .last : .none)
        parts.append(part)
        guard draws else { return }
        drawing.append(part)
        demands.append(part.draft.demand)
    }

    private func removeAll() {
        batch.removeAll()
        parts.removeAll(keepingCapacity: true)
        drawing.removeAll(keepingCapacity: true)
        demands.removeAll(keepingCapacity: true)
    }

    private func run(_ crew: WorkerLanes, _ scratch: [SamplingScratch]) {
        crew.run { [batch, demands, drawing] lane in
            model.forward(batch, workspace, store: cache.store, lane: lane)
            guard !demands.isEmpty else { return }
            model.head(batch, wanted: 0..<demands.count, demands: demands, workspace, lane: lane)
            for row in lane.share(of: demands.count) {
                if let token = draw(row, demands[row], drawing[row].draft, scratch[lane.index], lane) {
                    drawing[row].speculation.append(token)
                }
            }
        }
        workspace.timer.stop()
        costs.layers.record(rows: batch.rows, seconds: workspace.timer.products)
        costs.head.record(rows: demands.count, seconds: workspace.timer.head)
    }

    /// `nil` where more logits are equal than a list holds: such a guess would be worth little.
    private func draw(
        _ row: Int, _ demand: RowDemand, _ draft: SequenceDraft, _ scratch: SamplingScratch, _ lane: Lane
    ) -> TokenID? {
        guard demand == .all else {
            return workspace.selection.greatest(ofRow: row, lane: lane).flatMap {
                draft.draw(from: $0, scratch: scratch)
            }
        }
        let logits = UnsafeMutableBufferPointer(
            start: workspace.logits + row * workspace.logitStride, count: model.configuration.vocabularySize)
        return draft.draw(from: logits, scratch: scratch)
    }

    /// Count what is of the texts as stored; those that drew and want more go on with what they drew.
    private func proceed() {
        let done = parts
        removeAll()
        for part in done {
            if part.ofText > 0 { cache.advance(&part.draft.table, by: part.ofText) }
            let guess = part.speculation.guess
            guard let last = guess.last, guess.count > part.guessed, guess.count < part.speculation.drafted else {
                continue
            }
            let next = Part(
                speculation: part.speculation, draft: part.draft, known: part.known, guessed: guess.count, ofText: 0)
            append([last], at: part.known + guess.count - 1, next, draws: true)
        }
    }
}
