import Basics
import Models
import PagedCache

/// What a step runs and for whom.
struct StepPlan {
    struct Entry {
        let sequence: ScheduledSequence
        let rows: Int
        /// The entry's part of the batch's wanted rows.
        let wanted: Range<Int>
    }

    var batch = StepBatch()
    var entries: [Entry] = []

    mutating func removeAll() {
        batch.removeAll()
        entries.removeAll(keepingCapacity: true)
    }

    /// The next `rows` pending tokens of a sequence; their blocks must be reserved.
    mutating func append(_ sequence: ScheduledSequence, rows: Int) {
        let stored = sequence.table.tokenCount
        let firstWanted = batch.wantedRows.count
        batch.append(
            sequence.tokens[stored..<stored + rows], firstPosition: Position(stored),
            blockTable: sequence.table.blocks.lazy.map(\.rawValue), wanted: sequence.wantedLogits(afterRows: rows))
        entries.append(
            Entry(sequence: sequence, rows: rows, wanted: firstWanted..<batch.wantedRows.count))
    }
}
