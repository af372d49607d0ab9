/// Who holds which block: a reference count per block, and in what order blocks without a holder are handed out. Knows
/// nothing of what a block contains.
///
/// A block is free, held, or kept: a kept one has no holder, but somebody may want its content again (`keep`). Free blocks
/// are handed out first, the last freed before the others, while it is still in the processor's cache; then kept ones,
/// the one that lost its last holder longest ago first. A pinned block is no held one, but among those without a holder it is
/// handed out after all others. Every operation takes constant time and no memory.
public struct BlockAllocator: Sendable {
    public let count: Int
    private var free: [Int32]
    private var references: [Int32]
    private var isWanted: [Bool]
    /// How many want the block to stay.
    private var pins: [Int32]
    private var kept: RecencyList
    /// Kept ones that are pinned.
    private var pinned: RecencyList

    public init(count: Int) {
        self.init(freeOrder: (0..<Int32(max(0, count))).reversed())
    }

    /// Blocks are handed out from the end of `freeOrder`, a permutation of `0 ..< count`.
    public init(freeOrder: [Int32]) {
        count = freeOrder.count
        free = freeOrder
        references = [Int32](repeating: 0, count: freeOrder.count)
        isWanted = [Bool](repeating: false, count: freeOrder.count)
        pins = [Int32](repeating: 0, count: freeOrder.count)
        kept = RecencyList(blocks: freeOrder.count)
        pinned = RecencyList(blocks: freeOrder.count)
    }

    var freeBlocks: [Int32] { free }
    /// In the order in which they are handed out. Linear in their number.
    package var keptBlocks: [Int32] { kept.blocks + pinned.blocks }
    public var freeCount: Int { free.count }
    public var keptCount: Int { kept.count + pinned.count }
    /// Blocks that `allocate` can hand out.
    public var availableCount: Int { free.count + keptCount }
    /// Blocks with a holder.
    public var usedCount: Int { count - availableCount }

    /// A block with one reference, or `nil` when all are held. Nobody wants its old content any more.
    public mutating func allocate() -> BlockID? {
        guard let block = free.popLast() ?? kept.first ?? pinned.first else { return nil }
        if isWanted[Int(block)] {
            unlist(block)
            isWanted[Int(block)] = false
            pins[Int(block)] = 0
        }
        references[Int(block)] = 1
        return BlockID(rawValue: block)
    }

    /// From here on the block's content is worth keeping when its last holder leaves.
    public mutating func keep(_ block: BlockID) {
        precondition(references[block.index] > 0, "only a held block can be kept")
        isWanted[block.index] = true
    }

    /// One more holder of a held or kept block.
    public mutating func retain(_ block: BlockID) {
        if references[block.index] == 0 {
            precondition(isWanted[block.index], "a free block cannot be shared")
            unlist(block.rawValue)
        }
        references[block.index] += 1
    }

    /// One holder less; after the last one the block is kept or free.
    public mutating func release(_ block: BlockID) {
        precondition(references[block.index] > 0, "a free block cannot be released")
        references[block.index] -= 1
        guard references[block.index] == 0 else { return }
        if isWanted[block.index] { list(block.rawValue) } else { free.append(block.rawValue) }
    }

    /// One more who wants a held block that will be kept, or a kept one, to stay. A kept one is the youngest now.
    public mutating func pin(_ block: BlockID) {
        precondition(isWanted[block.index], "only what is kept can be pinned")
        let isListed = references[block.index] == 0
        if isListed { unlist(block.rawValue) }
        pins[block.index] += 1
        if isListed { list(block.rawValue) }
    }

    /// One less. A kept block that nobody wants to stay any more is the youngest of the others.
    public mutating func unpin(_ block: BlockID) {
        precondition(pins[block.index] > 0, "only what is pinned can be unpinned")
        let isListed = references[block.index] == 0 && pins[block.index] == 1
        if isListed { unlist(block.rawValue) }
        pins[block.index] -= 1
        if isListed { list(block.rawValue) }
    }

    private mutating func list(_ block: Int32) {
        if pins[Int(block)] > 0 { pinned.append(block) } else { kept.append(block) }
    }

    private mutating func unlist(_ block: Int32) {
        if pins[Int(block)] > 0 { pinned.remove(block) } else { kept.remove(block) }
    }

    public func isShared(_ block: BlockID) -> Bool { references[block.index] > 1 }
    public func referenceCount(_ block: BlockID) -> Int { Int(references[block.index]) }
    public func isPinned(_ block: BlockID) -> Bool { pins[block.index] > 0 }
    /// Whether the block is kept when its last holder leaves.
    public func isWanted(_ block: BlockID) -> Bool { isWanted[block.index] }
}
