/// Who holds which block: a free list and a reference count per block. Knows nothing of what a block contains.
///
/// Every operation takes constant time. Freed blocks are taken again first, while they are still in the processor's cache.
public struct BlockAllocator: Sendable {
    public let count: Int
    private var free: [Int32]
    private var references: [Int32]

    public init(count: Int) {
        self.init(freeOrder: (0..<Int32(max(0, count))).reversed())
    }

    /// Blocks are handed out from the end of `freeOrder`, a permutation of `0 ..< count`.
    public init(freeOrder: [Int32]) {
        count = freeOrder.count
        free = freeOrder
        references = [Int32](repeating: 0, count: freeOrder.count)
    }

    var freeBlocks: [Int32] { free }
    public var freeCount: Int { free.count }
    public var usedCount: Int { count - free.count }

    /// A block with one reference, or `nil` when none is free.
    public mutating func allocate() -> BlockID? {
        guard let block = free.popLast() else { return nil }
        references[Int(block)] = 1
        return BlockID(rawValue: block)
    }

    /// One more holder.
    public mutating func retain(_ block: BlockID) {
        precondition(references[block.index] > 0, "a free block cannot be shared")
        references[block.index] += 1
    }

    /// One holder less; the last one frees the block.
    public mutating func release(_ block: BlockID) {
        precondition(references[block.index] > 0, "a free block cannot be released")
        references[block.index] -= 1
        if references[block.index] == 0 { free.append(block.rawValue) }
    }

    public func isShared(_ block: BlockID) -> Bool { references[block.index] > 1 }
    public func referenceCount(_ block: BlockID) -> Int { Int(references[block.index]) }
}
