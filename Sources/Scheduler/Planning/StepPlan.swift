import Basics
import Models
import PagedCache

/// What a step runs and for whom.
struct StepPlan {
    struct Entry {
        let sequence: ScheduledSequence
        let rows: Int
        /// Of these, the last so many are of guessed tokens.
        let drafted: Int
        /// The entry's part of the batch's wanted rows.
        let wanted: Range<Int>
    }

    var batch = StepBatch()
    var entries: [Entry] = []
    private var tokens: [TokenID] = []

    mutating func removeAll() {
        batch.removeAll()
        entries.removeAll(keepingCapacity: true)
    }

    /// The next `rows` pending tokens of a sequence, and behind the last one what is guessed to follow; their blocks must be
    /// reserved.
    mutating func append(_ sequence: ScheduledSequence, rows: Int, draft: ArraySlice<TokenID> = []) {
        let stored = sequence.table.tokenCount
        let firstWanted = batch.wantedRows.count
        precondition(draft.isEmpty || rows == 1, "guesses follow the one token that is pending")
        tokens.removeAll(keepingCapacity: true)
        tokens.append(contentsOf: sequence.tokens[stored..<stored + rows])
        tokens.append(contentsOf: draft)
        batch.append(
            tokens, firstPosition: Position(stored), blockTable: sequence.table.blocks.lazy.map(\.rawValue),
            wanted: draft.isEmpty ? sequence.wantedLogits(afterRows: rows) : .all)
        entries.append(
            Entry(
                sequence: sequence, rows: tokens.count, drafted: draft.count,
                wanted: firstWanted..<batch.wantedRows.count))
    }
}
