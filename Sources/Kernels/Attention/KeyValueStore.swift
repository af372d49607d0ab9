import CKernels

/// Keys and values in blocks: where they are written and read. A borrowed view; its owner keeps the memory alive.
public struct KeyValueStore: @unchecked Sendable {
    public let layout: KeyValueLayout
    // Per node, block 0 of that node's arena.
    private let bases: [UnsafeMutablePointer<Float>]
    // 0 when all layers share the same place, one after the other (a forward without a cache).
    private let layerFactor: Int

    /// - Parameters:
    ///   - bases: per node of the layout, memory for blocks × `floatsPerBlock(onNode:)` floats.
    ///   - layersShareMemory: each layer overwrites the one before; a block then has the size of one layer.
    public init(layout: KeyValueLayout, bases: [UnsafeMutablePointer<Float>], layersShareMemory: Bool = false) {
        precondition(bases.count == layout.headsByNode.count, "one base per node")
        self.layout = layout
        self.bases = bases
        layerFactor = layersShareMemory ? 0 : 1
    }

    /// Keys of (layer, head) in block 0; its values follow after `keyFloatsPerHead` floats.
    private func keys(layer: Int, head: Int, node: Int) -> UnsafeMutablePointer<Float> {
        let heads = layout.headsByNode[node]
        return bases[node] + (layer * layerFactor * heads.count + head - heads.lowerBound) * layout.floatsPerHead
    }

    private func blockStride(_ node: Int) -> Int {
        (layerFactor == 0 ? 1 : layout.layers) * layout.headsByNode[node].count * layout.floatsPerHead
    }

    /// Write the keys and values of one head for `rows` consecutive tokens.
    ///
    /// - Parameters:
    ///   - qkv: the first token's query of that head; its key follows after `headDim` floats, then its value.
    ///   - stride: floats from token to token of `qkv`.
    public func store(
        layer: Int, head: Int, node: Int, blockTable: UnsafePointer<Int32>, firstPosition: Int, rows: Int,
        qkv: UnsafePointer<Float>, stride: Int
    ) {
        let dim = layout.headDim
        let base = keys(layer: layer, head: head, node: node)
        let blockStride = blockStride(node)
        for row in 0..<rows {
            let position = firstPosition + row
            let block = base + Int(blockTable[position / layout.blockTokens]) * blockStride
            let group = position % layout.blockTokens / KeyValueLayout.groupTokens
            let values = block + layout.keyFloatsPerHead + group * KeyValueLayout.groupTokens * layout.valueStride
            pk_store_key_value(
                qkv + row * stride + dim, qkv + row * stride + 2 * dim, Int64(dim), Int64(layout.valueStride),
                Int64(position % KeyValueLayout.groupTokens), block + group * KeyValueLayout.groupTokens * dim, values)
        }
    }

    /// Attention of `rows` consecutive queries of one head over everything stored up to each.
    ///
    /// - Parameters:
    ///   - firstPosition: absolute position of the first query, never its row in the chunk.
    ///   - q: first query, `stride` floats from query to query. `out` likewise, `headDim` floats written per row.
    ///   - scratch: `attentionScratchFloats(headDim:)` floats of this lane, 64-byte aligned.
    public func attend(
        layer: Int, head: Int, node: Int, blockTable: UnsafePointer<Int32>, firstPosition: Int, rows: Int,
        q: UnsafePointer<Float>, qStride: Int, slope: Float, scale: Float, out: UnsafeMutablePointer<Float>,
        outStride: Int, scratch: UnsafeMutablePointer<Float>, kernels: KernelSet
    ) {
        let base = keys(layer: layer, head: head, node: node)
        var call = pk_attention_call()
        call.pages.keys = UnsafePointer(base)
        call.pages.values = UnsafePointer(base + layout.keyFloatsPerHead)
        call.pages.block_stride = Int64(blockStride(node))
        call.pages.block_table = blockTable
        call.pages.groups_per_block = Int32(layout.groupsPerBlock)
        call.pages.head_dim = Int32(layout.headDim)
        call.q = q
        call.q_stride = Int64(qStride)
        call.rows = Int64(rows)
        call.first_position = Int64(firstPosition)
        call.scale = scale
        call.slope = slope
        call.out = out
        call.out_stride = Int64(outStride)
        call.scratch = scratch
        kernels.table.pointee.attention(&call)
    }

    public static func attentionScratchFloats(headDim: Int) -> Int { Int(pk_attention_scratch(Int64(headDim))) }

    /// Copy a block's content on all nodes, every layer (copy on write).
    public func copyBlock(from source: Int, to target: Int) {
        for node in bases.indices {
            let stride = blockStride(node)
            (bases[node] + target * stride).update(from: bases[node] + source * stride, count: stride)
        }
    }
}
