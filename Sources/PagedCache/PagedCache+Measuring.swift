package import Kernels

extension PagedCache {
    /// Count `tokens` tokens as stored whose keys and values nobody computed: random numbers in [-1, 1), in int8 in (-2, 2), stand for them.
    ///
    /// For measuring alone: attention takes as long with them as with a model's own, but for what a head's slope leaves of a
    /// context, which depends a little on the keys' norms. Nothing of the table is ever indexed. The tokens must have been reserved, the lanes of `crew` idle.
    package func pretend(_ tokens: Int, for table: inout BlockTable, crew: WorkerLanes) {
        let blocks = table.blocks[..<blocks(forTokens: tokens)]
        crew.run { lane in
            let bytes = layout.bytesPerBlock(onNode: lane.node)
            let arena = arenas[lane.node].base
            for index in lane.shareOnNode(of: blocks.indices) {
                let block = blocks[index].index
                var state = UInt64(block) &* 0x9E37_79B9_7F4A_7C15
                for at in stride(from: block * bytes, to: (block + 1) * bytes, by: 4) {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let value = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
                    switch layout.format {
                    case .f32: arena.storeBytes(of: value, toByteOffset: at, as: Float.self)
                    case .bf16:
                        let word = value.bitPattern >> 16
                        arena.storeBytes(of: word | word << 16, toByteOffset: at, as: UInt32.self)
                    case .int8:
                        // Four whole numbers, and as good a scale, from 1/128 to 1/64.
                        let word = 0x3C00_0000 | UInt32(truncatingIfNeeded: state >> 41)
                        arena.storeBytes(of: word, toByteOffset: at, as: UInt32.self)
                    }
                }
            }
        }
        store.note(keysWithElementsUpTo: 2)
        advance(&table, by: tokens)
        table.isPretended = true
    }
}
