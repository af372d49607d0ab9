import Kernels
import PagedCache

/// Where the workout's keys lie, a number for each token: in blocks of the cache and in slots of the swap space.
struct WorkoutMemory {
    private let arena: UnsafeMutablePointer<UInt32>
    private let slots: UnsafeMutablePointer<UInt32>
    private let blockStride: Int

    /// Of one layer and one head with one dimension, in float32: a block begins with its keys, 16 to a group, so with a place
    /// for each token.
    init(cache: PagedCache, space: SwapSpace) {
        let layout = cache.layout
        // One head is one node's.
        let node = layout.headsByNode.firstIndex { !$0.isEmpty }!
        arena = cache.arenas[node].base.assumingMemoryBound(to: UInt32.self)
        slots = space.regions[node].base.assumingMemoryBound(to: UInt32.self)
        blockStride = layout.bytesPerBlock(onNode: node) / 4
    }

    func write(_ number: UInt32, at place: Int, of block: BlockID) { arena[block.index * blockStride + place] = number }

    func number(at place: Int, of block: BlockID) -> UInt32 { arena[block.index * blockStride + place] }

    func number(at place: Int, ofSlot slot: Int32) -> UInt32 { slots[Int(slot) * blockStride + place] }
}
