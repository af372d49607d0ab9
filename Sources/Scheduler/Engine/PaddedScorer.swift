import Basics
import Kernels
import Models
import PagedCache

/// Scores sequences as a left-padded grid, a window of columns a step, guided by the grid's mask alone.
struct PaddedScorer {
    let engine: BatchEngine
    let sequences: [[TokenID]]
    let first: Int

    /// Columns of nothing but padding in front of the longest row.
    static let extraColumns = 7

    /// Returns the index after the last sequence of this grid.
    mutating func run(lastOnly: Bool, visit: LogitsVisitor) throws -> Int {
        let cache = engine.scheduler.cache
        // The grid wants its blocks at once; whoever runs is recomputed later, and no text changes by it.
        engine.scheduler.preemptAll()
        var tables: [BlockTable] = []
        defer { for index in tables.indices { cache.release(&tables[index]) } }
        while tables.count < engine.scheduler.options.maxBatch, first + tables.count < sequences.count {
            var table = BlockTable()
            guard cache.reserve(sequences[first + tables.count].count, for: &table) else { break }
            tables.append(table)
        }
        precondition(!tables.isEmpty, "a sequence that fits the cache fits it when nothing else is there")
        let grid = LeftPaddedBatch(
            Array(sequences[first..<first + tables.count]), extraColumns: Self.extraColumns)
        let columnsPerStep = max(1, engine.scheduler.options.promptRoom / grid.rows)
        for begin in stride(from: 0, to: grid.columns, by: columnsPerStep) {
            let window = begin..<min(begin + columnsPerStep, grid.columns)
            try step(grid, window, &tables, lastOnly: lastOnly, visit: visit)
        }
        return first + tables.count
    }

    private func step(
        _ grid: LeftPaddedBatch, _ window: Range<Int>, _ tables: inout [BlockTable], lastOnly: Bool,
        visit: LogitsVisitor
    ) throws {
        var batch = StepBatch()
        var wantedBy: [(row: Int, position: Int)] = []
        for row in 0..<grid.rows {
            let real = grid.realTokens(row: row, in: window)
            guard !real.isEmpty, let position = grid.position(row: row, column: window.upperBound - real.count) else {
                continue
            }
            let isLast = window.upperBound == grid.columns
            let wanted: WantedLogits = lastOnly ? (isLast ? .last : .none) : .all
            batch.append(
                real, firstPosition: position, blockTable: tables[row].blocks.lazy.map(\.rawValue), wanted: wanted)
            switch wanted {
            case .none: break
            case .last: wantedBy.append((row, position.index + real.count - 1))
            case .tail(let count): wantedBy += (real.count - count..<real.count).map { (row, position.index + $0) }
            case .all: wantedBy += (0..<real.count).map { (row, position.index + $0) }
            }
            engine.scheduler.cache.advance(&tables[row], by: real.count)
        }
        guard batch.rows > 0 else { return }
        let store = engine.scheduler.cache.store
        engine.crew.run { [batch] in engine.model.forward(batch, engine.workspace, store: store, lane: $0) }
        try engine.visitLogits(of: batch, engine.workspace) { wanted, logits in
            try visit(first + wantedBy[wanted].row, wantedBy[wanted].position, logits)
        }
    }
}
