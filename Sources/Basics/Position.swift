/// A token's place in its own sequence, counted over real tokens from 0 (`cumsum(mask) − 1`); never a row of a chunk
/// and never a column of a padded grid.
public struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var index: Int

    public init(_ index: Int) { self.index = index }

    public var description: String { String(index) }
    public static func < (a: Position, b: Position) -> Bool { a.index < b.index }
}
