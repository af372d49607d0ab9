public import Kernels

/// Memory of fixed size beside the cache for the blocks of sequences that must give up theirs for a while.
///
/// A slot holds one block. On each node lies the part of every slot that holds this node's heads, so that a copy out or
/// back stays on the node. Pages are taken when a slot is first used; slots that were freed last are used again first, so
/// no more memory is taken than was ever needed at once.
///
/// Owned by one thread at a time, as the cache is.
public final class SwapSpace {
    public let slotCount: Int
    /// One region per node of the crew.
    public let regions: [NodeRegion]
    /// Bytes that were copied to here, and from here, since the space was made.
    public private(set) var bytesOut = 0
    public private(set) var bytesIn = 0
    public private(set) var rate = CopyRate()
    private let layout: KeyValueLayout
    private let crew: WorkerLanes
    private var free: [Int32]

    /// As many slots as `bytes` hold on all nodes together, maybe none.
    ///
    /// - Throws: `KernelError.outOfMemory` when the system does not even give the addresses.
    public init(layout: KeyValueLayout, bytes: Int, crew: WorkerLanes) throws {
        let slots = min(max(0, bytes) / layout.bytesPerBlock, Int(Int32.max))
        slotCount = slots
        self.layout = layout
        self.crew = crew
        free = (0..<Int32(slots)).reversed()
        regions = try crew.nodes.indices.map { node in
            try NodeRegion(
                byteCount: slots * layout.bytesPerBlock(onNode: node),
                node: crew.machine.canPlace ? crew.nodes[node].id : nil, purpose: "the swap space")
        }
    }

    public var freeSlots: Int { free.count }
    public var usedSlots: Int { slotCount - free.count }

    /// Whether every slot is either free, once, or in one of these tables, once. Linear; for tests.
    public func isConsistent(with tables: [SwappedTable]) -> Bool {
        let all = free + tables.flatMap(\.slots)
        return all.count == slotCount && Set(all).count == slotCount
            && all.allSatisfy { (0..<Int32(slotCount)).contains($0) }
    }

    /// Copy these blocks of a table into free slots; `nil` when those are too few. The lanes must be idle.
    func copyOut(_ table: BlockTable, _ blocks: ArraySlice<BlockID>, of arenas: [NodeRegion]) -> SwappedTable? {
        guard blocks.count <= free.count else { return nil }
        let slots = Array(free.suffix(blocks.count).reversed())
        free.removeLast(slots.count)
        bytesOut += copy(Copies(blocks: blocks, slots: slots, isOut: true), arenas)
        return SwappedTable(slots: slots, tokenCount: table.tokenCount, isPretended: table.isPretended)
    }

    /// Copy what is stored into blocks of the cache and free its slots. The lanes must be idle.
    func copyIn(_ swapped: SwappedTable, to blocks: ArraySlice<BlockID>, of arenas: [NodeRegion]) {
        precondition(blocks.count == swapped.slots.count, "a block for each slot")
        bytesIn += copy(Copies(blocks: blocks, slots: swapped.slots, isOut: false), arenas)
        release(swapped)
    }

    /// Free the slots; what they hold is lost.
    public func release(_ swapped: SwappedTable) {
        // The first slot last, so that the next sequence gets them in this one's order.
        free.append(contentsOf: swapped.slots.reversed())
        precondition(free.count <= slotCount, "a swapped table is released once")
    }

    /// Blocks and slots side by side, and which of the two is written.
    private struct Copies {
        var blocks: ArraySlice<BlockID>
        var slots: [Int32]
        var isOut: Bool
    }

    /// Pieces that lanes share out among themselves: whole pages, so that no two lanes take the same new page.
    private static let pieceBytes = 4096

    /// Every node's lanes copy their node's part. Returns the bytes.
    private func copy(_ copies: Copies, _ arenas: [NodeRegion]) -> Int {
        guard !copies.slots.isEmpty else { return 0 }
        let begin = ContinuousClock.now
        crew.run { lane in
            let bytes = layout.bytesPerBlock(onNode: lane.node)
            let pieces = (bytes + Self.pieceBytes - 1) / Self.pieceBytes
            let share = lane.shareOnNode(of: 0..<copies.slots.count * pieces)
            var next = share.lowerBound
            while next < share.upperBound {
                let (place, piece) = next.quotientAndRemainder(dividingBy: pieces)
                let end = min(pieces, piece + share.upperBound - next)
                let part = piece * Self.pieceBytes..<min(bytes, end * Self.pieceBytes)
                copy(part, place, copies, arena: arenas[lane.node], region: regions[lane.node], stride: bytes)
                next += end - piece
            }
        }
        let bytes = copies.slots.count * layout.bytesPerBlock
        rate.record(bytes: bytes, seconds: begin.duration(to: .now) / .seconds(1))
        return bytes
    }

    private func copy(
        _ part: Range<Int>, _ place: Int, _ copies: Copies, arena: NodeRegion, region: NodeRegion, stride: Int
    ) {
        let block = copies.blocks[copies.blocks.startIndex + place].index * stride
        let slot = Int(copies.slots[place]) * stride
        precondition(block >= 0 && block + stride <= arena.byteCount, "a block lies in the cache")
        precondition(slot >= 0 && slot + stride <= region.byteCount, "a slot lies in the swap space")
        let inCache = arena.base + block + part.lowerBound
        let outside = region.base + slot + part.lowerBound
        if copies.isOut {
            outside.copyMemory(from: inCache, byteCount: part.count)
        } else {
            inCache.copyMemory(from: outside, byteCount: part.count)
        }
    }
}
