/// What a sequence left behind in the swap space: a slot for each of its blocks, in order. To be brought back or
/// released once; it cannot be shared.
public struct SwappedTable: Sendable, Equatable {
    let slots: [Int32]
    /// Tokens whose keys and values are stored.
    public let tokenCount: Int
    /// Some of these were never computed (`PagedCache.pretend`).
    let isPretended: Bool

    public var blockCount: Int { slots.count }
}
