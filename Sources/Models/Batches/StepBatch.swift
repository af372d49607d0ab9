public import Basics

/// What one step computes: the real rows of all its sequences, packed one after another; padding has no row.
public struct StepBatch: Sendable {
    /// Consecutive tokens of one sequence.
    public struct Segment: Sendable, Equatable {
        /// Row of its first token in the step.
        public var firstRow: Int
        public var rows: Int
        /// Absolute position of its first token: how many of its sequence's tokens are already stored.
        public var firstPosition: Int
        /// Where its block table begins in `blockTables`.
        public var table: Int
    }

    /// Queries of one segment that one lane attends to at a time, and the work up to it.
    struct AttentionItem {
        var segment: Int
        var firstRow: Int
        var rows: Int
        var costBefore: Int
    }

    public private(set) var tokens: [TokenID] = []
    public private(set) var segments: [Segment] = []
    /// Physical blocks of every segment's sequence, one table after another.
    public private(set) var blockTables: [Int32] = []
    /// Rows whose logits are wanted, ascending.
    public private(set) var wantedRows: [Int32] = []
    private(set) var attentionItems: [AttentionItem] = []
    private(set) var attentionCost = 0

    public var rows: Int { tokens.count }

    public init() {}

    /// Begin a new step; memory is kept.
    public mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        blockTables.removeAll(keepingCapacity: true)
        wantedRows.removeAll(keepingCapacity: true)
        attentionItems.removeAll(keepingCapacity: true)
        attentionCost = 0
    }

    /// Add consecutive tokens of a sequence.
    ///
    /// - Parameters:
    ///   - firstPosition: absolute position of the first, counted over real tokens.
    ///   - wanted: which of the new rows need logits.
    public mutating func append(
        _ newTokens: some Collection<TokenID>, firstPosition: Position, blockTable: some Sequence<Int32>,
        wanted: WantedLogits
    ) {
        let first = rows
        let segment = Segment(
            firstRow: first, rows: newTokens.count, firstPosition: firstPosition.index, table: blockTables.count)
        tokens.append(contentsOf: newTokens)
        blockTables.append(contentsOf: blockTable)
        switch wanted {
        case .none: break
        case .last: wantedRows.append(Int32(rows - 1))
        case .all: wantedRows.append(contentsOf: Int32(first)..<Int32(rows))
        }
        var row = 0
        while row < segment.rows {
            let count = min(Self.queriesPerItem, segment.rows - row)
            attentionItems.append(
                AttentionItem(segment: segments.count, firstRow: row, rows: count, costBefore: attentionCost))
            // Keys seen by the last query, plus a query's fixed work.
            attentionCost += count * (segment.firstPosition + row + count + 16)
            row += count
        }
        segments.append(segment)
    }

    /// Large enough that a tile of keys is used many times while it is in the core's cache.
    private static let queriesPerItem = 48
}

/// Which rows of a segment need logits.
public enum WantedLogits: Sendable, Equatable {
    case none
    case last
    case all
}
