public import Basics

/// A right-aligned grid of tokens and its attention mask, as the ecosystem's tokenizers produce it: every row's next
/// token falls into the same column. Padding has no position, no block and no row in a step.
public struct LeftPaddedBatch: Sendable, Equatable {
    public let rows: Int
    public let columns: Int
    /// `[rows, columns]`, row-major; what stands under a 0 of the mask is never read.
    public let tokens: [TokenID]
    /// First real column of each row; `columns` for a row that is all padding.
    public let firstColumns: [Int]

    /// Pad sequences on the left to the longest of them, and `extraColumns` more.
    public init(_ sequences: [[TokenID]], padding: TokenID = 0, extraColumns: Int = 0) {
        let width = (sequences.map(\.count).max() ?? 0) + extraColumns
        rows = sequences.count
        columns = width
        firstColumns = sequences.map { width - $0.count }
        var grid: [TokenID] = []
        grid.reserveCapacity(rows * width)
        for sequence in sequences {
            grid.append(contentsOf: repeatElement(padding, count: width - sequence.count))
            grid.append(contentsOf: sequence)
        }
        tokens = grid
    }

    /// Take a grid and its mask (1 = real token, 0 = padding), `[rows, columns]` each.
    ///
    /// - Throws: `BatchError` when a shape does not fit or a mask is anything but 0…0 1…1: a hole is an error, not a guess.
    public init(tokens: [[TokenID]], attentionMask: [[Int]]) throws(BatchError) {
        guard tokens.count == attentionMask.count else {
            throw .shapes(tokens: tokens.count, mask: attentionMask.count, row: nil)
        }
        let width = tokens.first?.count ?? 0
        var first: [Int] = []
        for row in tokens.indices {
            guard tokens[row].count == width, attentionMask[row].count == width else {
                throw .shapes(tokens: tokens[row].count, mask: attentionMask[row].count, row: row)
            }
            let begin = attentionMask[row].firstIndex { $0 != 0 } ?? width
            for column in begin..<width where attentionMask[row][column] != 1 {
                throw .maskIsNotLeftPadding(row: row, column: column)
            }
            first.append(begin)
        }
        rows = tokens.count
        columns = width
        self.tokens = tokens.flatMap { $0 }
        firstColumns = first
    }

    /// The real tokens of `row` that fall into these columns; their first one's position is `position(row:column:)` of
    /// the slice's first real column.
    public func realTokens(row: Int, in window: Range<Int>) -> ArraySlice<TokenID> {
        let begin = min(max(window.lowerBound, firstColumns[row]), window.upperBound)
        return tokens[row * columns + begin..<row * columns + window.upperBound]
    }

    /// `cumsum(mask) − 1`: where a real token stands in its own sequence; `nil` for padding.
    public func position(row: Int, column: Int) -> Position? {
        column < firstColumns[row] ? nil : Position(column - firstColumns[row])
    }
}

/// Why a grid is not a left-padded batch.
public enum BatchError: UserFacingError, Equatable {
    case shapes(tokens: Int, mask: Int, row: Int?)
    case maskIsNotLeftPadding(row: Int, column: Int)

    public var message: String {
        switch self {
        case .shapes(let tokens, let mask, let row):
            if let row {
                "attention_mask: row \(row) has \(tokens) tokens and \(mask) mask values; "
                    + "every row of both must have the same length"
            } else {
                "attention_mask: there are \(tokens) rows of tokens and \(mask) rows of mask"
            }
        case .maskIsNotLeftPadding(let row, let column):
            "attention_mask: row \(row), column \(column) is not 1 although a 1 stands before it; "
                + "a left-padded row is zeros, then ones"
        }
    }
}
