public import Basics
import Dispatch
import Kernels
import Models
import PagedCache

// Logits of given sequences, by every road that the law says leads to the same bits.
extension BatchEngine {
    /// All sequences through the scheduler together, in chunks.
    public func scoreBatched(
        _ sequences: [[TokenID]], lastOnly: Bool, visit: @escaping LogitsVisitor
    ) async throws {
        try await score(sequences.enumerated().map { ($0, $1) }, chunkLimit: .max, lastOnly: lastOnly, visit: visit)
    }

    /// Each sequence alone, one token a step, through the pages.
    public func scoreCached(
        _ sequences: [[TokenID]], lastOnly: Bool, visit: @escaping LogitsVisitor
    ) async throws {
        for (index, tokens) in sequences.enumerated() {
            try await score([(index, tokens)], chunkLimit: 1, lastOnly: lastOnly, visit: visit)
        }
    }

    /// Each sequence alone, whole, with no cache and no pages.
    public func scoreUncached(
        _ sequences: [[TokenID]], lastOnly: Bool, visit: @escaping LogitsVisitor
    ) async throws {
        for (index, tokens) in sequences.enumerated() {
            try check(tokens, mustFitCache: false)
            try Task.checkCancellation()
            try await onQueue { engine in
                try engine.runUncached(tokens, lastOnly: lastOnly) { try visit(index, $0, $1) }
            }
        }
    }

    /// All sequences as one left-padded grid with its mask, and some columns more; as several grids, one after another,
    /// where the cache or the batch size holds no more rows.
    public func scorePadded(
        _ sequences: [[TokenID]], lastOnly: Bool, visit: @escaping LogitsVisitor
    ) async throws {
        for tokens in sequences { try check(tokens, mustFitCache: true) }
        var first = 0
        while first < sequences.count {
            try Task.checkCancellation()
            let begin = first
            first = try await onQueue { engine in
                var scorer = PaddedScorer(engine: engine, sequences: sequences, first: begin)
                return try scorer.run(lastOnly: lastOnly, visit: visit)
            }
        }
    }

    private func score(
        _ sequences: [(Int, [TokenID])], chunkLimit: Int, lastOnly: Bool, visit: @escaping LogitsVisitor
    ) async throws {
        for (_, tokens) in sequences { try check(tokens, mustFitCache: true) }
        guard !sequences.isEmpty else { return }
        let group = ScoringGroup(visit: visit)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                queue.async { [self] in
                    if let refusal { return continuation.resume(throwing: refusal) }
                    let scheduled = sequences.map { index, tokens in
                        ScheduledSequence(
                            arrival: nextArrival(), tokens: tokens,
                            purpose: .score(ScoringJob(group: group, index: index), lastOnly: lastOnly),
                            chunkLimit: chunkLimit)
                    }
                    if group.begin(scheduled, continuation) { take(scheduled) }
                }
            }
        } onCancel: {
            queue.async { [self] in end(group, CancellationError()) }
        }
    }

    /// - Throws: `RequestError` when the tokens are none, not the model's, or more than the cache holds.
    func check(_ tokens: [TokenID], mustFitCache: Bool) throws(RequestError) {
        guard !tokens.isEmpty else {
            throw .invalid(field: "prompt", reason: "it has no tokens; a model continues at least one")
        }
        let vocabulary = model.configuration.vocabularySize
        if let stranger = tokens.first(where: { $0.index < 0 || $0.index >= vocabulary }) {
            throw .invalid(
                field: "prompt_token_ids",
                reason: "\(stranger) is not a token of this model: ids go from 0 to \(vocabulary - 1)")
        }
        if mustFitCache, tokens.count > capacity { throw .tooLong(tokens: tokens.count, capacity: capacity) }
    }

    /// Work that needs the lanes and the workspace for itself, between two steps.
    private func onQueue<T: Sendable>(_ work: @escaping @Sendable (BatchEngine) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                if let refusal { return continuation.resume(throwing: refusal) }
                continuation.resume(with: Result { try work(self) })
            }
        }
    }

    private func runUncached(
        _ tokens: [TokenID], lastOnly: Bool, visit: (Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let shape = model.configuration
        let keyValues = try UncachedKeyValues(
            shape, format: scheduler.cache.layout.format, tokens: tokens.count, crew: crew)
        let workspace = try BloomWorkspace(
            model, rows: tokens.count, logitRows: min(tokens.count, Self.logitRows), lanes: crew.count)
        var batch = StepBatch()
        batch.append(tokens, firstPosition: Position(0), blockTable: [0], wanted: lastOnly ? .last : .all)
        crew.run { model.forward(batch, workspace, store: keyValues.store, lane: $0) }
        try visitLogits(of: batch, workspace) { wanted, logits in try visit(Int(batch.wantedRows[wanted]), logits) }
    }

    /// The head over a computed step's wanted rows, as many at a time as the workspace holds.
    func visitLogits(
        of batch: StepBatch, _ workspace: BloomWorkspace, visit: (Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let count = batch.wantedRows.count
        for first in stride(from: 0, to: count, by: workspace.logitRowCapacity) {
            let pass = first..<min(first + workspace.logitRowCapacity, count)
            crew.run { model.head(batch, wanted: pass, workspace, lane: $0) }
            for wanted in pass {
                let row = workspace.logits + (wanted - first) * workspace.logitStride
                try visit(wanted, UnsafeBufferPointer(start: row, count: model.configuration.vocabularySize))
            }
        }
    }
}
