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

    public private(set) var tokens: [TokenID] = []
    public private(set) var segments: [Segment] = []
    /// Physical blocks of every segment's sequence, one table after another.
    public private(set) var blockTables: [Int32] = []
    /// Rows whose logits are wanted, ascending.
    public private(set) var wantedRows: [Int32] = []

    public var rows: Int { tokens.count }

    public init() {}

    /// Begin a new step; memory is kept.
    public mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        blockTables.removeAll(keepingCapacity: true)
        wantedRows.removeAll(keepingCapacity: true)
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
        case .tail(let count): wantedRows.append(contentsOf: Int32(rows - count)..<Int32(rows))
        case .all: wantedRows.append(contentsOf: Int32(first)..<Int32(rows))
        }
        segments.append(segment)
    }
}

/// Which rows of a segment need logits.
public enum WantedLogits: Sendable, Equatable {
    case none
    case last
    /// The last so many rows.
    case tail(Int)
    case all
}
