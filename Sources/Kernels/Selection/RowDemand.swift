/// What is asked of a row of a product.
public enum RowDemand: Sendable, Equatable {
    /// Every value.
    case all
    /// The greatest value; of equals, the one in the lowest column.
    case greatest
    /// So many of the greatest values, and all that equal the last of them; at most `ProductSelection.mostRank`.
    case top(Int)
}

/// A value of a row and the column where it stands.
public struct SelectedValue: Sendable, Equatable {
    public var column: Int32
    public var value: Float

    public init(column: Int32, value: Float) {
        self.column = column
        self.value = value
    }
}
