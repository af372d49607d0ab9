public import CKernels

/// What a token leaves behind in a head.
public enum KeyValuePart: Sendable {
    case key
    case value
}

/// Keys and values in blocks: where they are written and read. A borrowed view; its owner keeps the memory alive.
public struct KeyValueStore: @unchecked Sendable {
    public let layout: KeyValueLayout
    // Per node, block 0 of that node's arena.
    private let bases: [UnsafeMutableRawPointer]
    private let norms: KeyNorms
    // 0 when all layers share the same place, one after the other (a forward without a cache).
    private let layerFactor: Int

    /// - Parameters:
    ///   - bases: per node of the layout, memory for blocks × `bytesPerBlock(onNode:)` bytes, aligned to 64.
    ///   - layersShareMemory: each layer overwrites the one before; a block then has the size of one layer.
    public init(layout: KeyValueLayout, bases: [UnsafeMutableRawPointer], layersShareMemory: Bool = false) {
        precondition(bases.count == layout.headsByNode.count, "one base per node")
        self.layout = layout
        self.bases = bases
        norms = KeyNorms(layout)
        layerFactor = layersShareMemory ? 0 : 1
    }

    private func blockStride(_ node: Int) -> Int {
        (layerFactor == 0 ? 1 : layout.layers) * layout.headsByNode[node].count * layout.bytesPerHead
    }

    private func pages(layer: Int, head: Int, node: Int, blockTable: UnsafePointer<Int32>) -> pk_pages {
        let heads = layout.headsByNode[node]
        let keys = bases[node] + (layer * layerFactor * heads.count + head - heads.lowerBound) * layout.bytesPerHead
        var pages = pk_pages()
        pages.keys = keys.assumingMemoryBound(to: CChar.self)
        pages.values = pages.keys + layout.keyBytesPerHead
        pages.block_stride = Int64(blockStride(node))
        pages.block_table = blockTable
        pages.groups_per_block = Int32(layout.groupsPerBlock)
        pages.head_dim = Int32(layout.headDim)
        pages.format = layout.format.code
        return pages
    }

    /// Write some dims (not in int8) of one head's keys or values for `rows` consecutive tokens of a sequence.
    ///
    /// Other dims, other tokens and the other part may be written by other lanes at the same time: bytes are nobody's
    /// but theirs.
    ///
    /// - Parameters:
    ///   - node: the node that holds the head.
    ///   - blockTable: the sequence's.
    ///   - firstPosition: absolute position of the first token.
    ///   - from: the first token's first of these dims, `stride` floats from token to token.
    public func store(
        layer: Int, head: Int, node: Int, part: KeyValuePart, dims: Range<Int>, blockTable: UnsafePointer<Int32>,
        firstPosition: Int, rows: Int, from: UnsafePointer<Float>, stride: Int, kernels: KernelSet
    ) {
        precondition(dims.lowerBound >= 0 && dims.upperBound <= layout.headDim, "dims are the head's")
        precondition(!layout.format.needsWholeHeads, "the format stores pieces of a head")
        var call = pk_store_call()
        call.pages = pages(layer: layer, head: head, node: node, blockTable: blockTable)
        call.first_position = Int64(firstPosition)
        call.rows = Int64(rows)
        call.first_dim = Int64(dims.lowerBound)
        call.dims = Int64(dims.count)
        call.from = from
        call.stride = Int64(stride)
        switch part {
        case .key:
            let square = kernels.table.pointee.store_keys(&call)
            norms.note(square, layer: layer * layerFactor, head: head, firstDim: dims.lowerBound)
        case .value: kernels.table.pointee.store_values(&call)
        }
    }

    /// Write all dims of one head's keys or values, in any format; otherwise as `store`.
    public func storeWhole(
        layer: Int, head: Int, node: Int, part: KeyValuePart, blockTable: UnsafePointer<Int32>, firstPosition: Int,
        rows: Int, from: UnsafePointer<Float>, stride: Int, kernels: KernelSet
    ) {
        guard layout.format.needsWholeHeads else {
            return store(
                layer: layer, head: head, node: node, part: part, dims: 0..<layout.headDim, blockTable: blockTable,
                firstPosition: firstPosition, rows: rows, from: from, stride: stride, kernels: kernels)
        }
        let groups = (layout.headDim + Int(PK_QUANT_GROUP) - 1) / Int(PK_QUANT_GROUP)
        var call = pk_store_form_call()
        call.pages = pages(layer: layer, head: head, node: node, blockTable: blockTable)
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: groups * Int(PK_QUANT_GROUP)) { form in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: groups + 1) { sums in
                call.form = UnsafePointer(form.baseAddress)
                for row in 0..<rows {
                    call.position = Int64(firstPosition + row)
                    call.scale = kernels.table.pointee.form_int8(
                        from + row * stride, Int64(layout.headDim), form.baseAddress, sums.baseAddress)
                    switch part {
                    case .key:
                        let square = kernels.table.pointee.store_key_form(&call)
                        norms.note(square, layer: layer * layerFactor, head: head, firstDim: 0)
                    case .value: kernels.table.pointee.store_value_form(&call)
                    }
                }
            }
        }
    }

    /// Take note of keys in all heads that were not written by `store`; no lane may be at work.
    package func note(keysWithElementsUpTo greatest: Float) {
        let square = Float(layout.headDim) * greatest * greatest
        for layer in 0..<layout.layers {
            for head in 0..<layout.heads { norms.note(square, layer: layer, head: head, firstDim: 0) }
        }
    }

    /// Attention of groups of queries in one head, each over everything stored up to its position.
    ///
    /// - Parameters:
    ///   - queries: what `groups` speak of; a query's `table` is its sequence's place in `blockTables`.
    ///   - q: row 0 of the step's queries in this head, `stride` floats from row to row. `out` likewise, `headDim` floats
    ///     written for each query.
    ///   - nextHead: the head that this lane attends next, if it is known: a hint.
    ///   - scratch: `attentionScratchFloats(headDim:)` floats of this lane, 64-byte aligned.
    public func attend(
        layer: Int, head: Int, node: Int, queries: UnsafePointer<pk_query>,
        groups: UnsafeBufferPointer<pk_query_group>, blockTables: UnsafePointer<Int32>, q: UnsafePointer<Float>,
        qStride: Int, slope: Float, scale: Float, out: UnsafeMutablePointer<Float>, outStride: Int,
        nextHead: Int? = nil, scratch: UnsafeMutablePointer<Float>, kernels: KernelSet
    ) {
        var call = pk_attention_call()
        call.pages = pages(layer: layer, head: head, node: node, blockTable: blockTables)
        call.queries = queries
        call.groups = groups.baseAddress
        call.group_count = Int64(groups.count)
        call.q = q
        call.q_stride = Int64(qStride)
        call.out = out
        call.out_stride = Int64(outStride)
        call.scale = scale
        call.slope = slope
        call.key_norm = norms.bound(layer: layer * layerFactor, head: head)
        if let nextHead {
            call.next_keys = UnsafePointer(
                pages(layer: layer, head: nextHead, node: node, blockTable: blockTables).keys)
        }
        call.scratch = scratch
        kernels.table.pointee.attention(&call)
    }

    public static func attentionScratchFloats(headDim: Int) -> Int { Int(pk_attention_scratch(Int64(headDim))) }

    /// Copy a block's content on all nodes, every layer (copy on write).
    public func copyBlock(from source: Int, to target: Int) {
        for node in bases.indices {
            let stride = blockStride(node)
            (bases[node] + target * stride).copyMemory(from: bases[node] + source * stride, byteCount: stride)
        }
    }
}
