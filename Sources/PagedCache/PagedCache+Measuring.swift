package import Kernels

extension PagedCache {
    /// Count `tokens` tokens as stored whose keys and values nobody computed: random numbers in [-1, 1) stand for them.
    ///
    /// For measuring alone: attention reads and multiplies the same bytes whatever they say. The tokens must have been
    /// reserved, the lanes of `crew` idle.
    package func pretend(_ tokens: Int, for table: inout BlockTable, crew: WorkerLanes) {
        let blocks = table.blocks[..<blocks(forTokens: tokens)]
        crew.run { lane in
            let floats = layout.floatsPerBlock(onNode: lane.node)
            let arena = arenas[lane.node].base.assumingMemoryBound(to: Float.self)
            for index in lane.shareOnNode(of: blocks.indices) {
                let block = blocks[index].index
                var state = UInt64(block) &* 0x9E37_79B9_7F4A_7C15
                for place in arena + block * floats..<arena + (block + 1) * floats {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    place.pointee = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
                }
            }
        }
        advance(&table, by: tokens)
    }
}
