public import CKernels

/// The heads of one node in a store: where their keys and values are written and read. A borrowed view that holds no reference,
/// as `NodePanels`.
public struct NodeKeyValues: @unchecked Sendable {
    /// The node's heads.
    public let heads: Range<Int>
    public let format: KeyValueFormat
    private let headDim: Int
    private let base: UnsafeMutableRawPointer
    private let keyBytesPerHead: Int
    private let bytesPerHead: Int
    private let groupsPerBlock: Int
    /// Bytes from block to block.
    let blockStride: Int
    private let norms: KeyNormTable
    // 0 when all layers share the same place.
    private let layerFactor: Int

    init(
        _ layout: KeyValueLayout, node: Int, base: UnsafeMutableRawPointer, norms: KeyNormTable, layersShareMemory: Bool
    ) {
        heads = layout.headsByNode[node]
        format = layout.format
        headDim = layout.headDim
        self.base = base
        keyBytesPerHead = layout.keyBytesPerHead
        bytesPerHead = layout.bytesPerHead
        groupsPerBlock = layout.groupsPerBlock
        blockStride = (layersShareMemory ? 1 : layout.layers) * heads.count * bytesPerHead
        self.norms = norms
        layerFactor = layersShareMemory ? 0 : 1
    }

    private func pages(layer: Int, head: Int, blockTable: UnsafePointer<Int32>) -> pk_pages {
        let keys = base + (layer * layerFactor * heads.count + head - heads.lowerBound) * bytesPerHead
        var pages = pk_pages()
        pages.keys = keys.assumingMemoryBound(to: CChar.self)
        pages.values = pages.keys + keyBytesPerHead
        pages.block_stride = Int64(blockStride)
        pages.block_table = blockTable
        pages.groups_per_block = Int32(groupsPerBlock)
        pages.head_dim = Int32(headDim)
        pages.format = format.code
        return pages
    }

    /// Write some dims (not in int8) of one head's keys or values for `rows` consecutive tokens of a sequence.
    ///
    /// Other dims, other tokens and the other part may be written by other lanes at the same time: bytes are nobody's
    /// but theirs.
    ///
    /// - Parameters:
    ///   - head: one of the node's.
    ///   - blockTable: the sequence's.
    ///   - firstPosition: absolute position of the first token.
    ///   - from: the first token's first of these dims, `stride` floats from token to token.
    public func store(
        layer: Int, head: Int, part: KeyValuePart, dims: Range<Int>, blockTable: UnsafePointer<Int32>,
        firstPosition: Int, rows: Int, from: UnsafePointer<Float>, stride: Int, kernels: KernelSet
    ) {
        precondition(dims.lowerBound >= 0 && dims.upperBound <= headDim, "dims are the head's")
        precondition(!format.needsWholeHeads, "the format stores pieces of a head")
        var call = pk_store_call()
        call.pages = pages(layer: layer, head: head, blockTable: blockTable)
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
        layer: Int, head: Int, part: KeyValuePart, blockTable: UnsafePointer<Int32>, firstPosition: Int, rows: Int,
        from: UnsafePointer<Float>, stride: Int, kernels: KernelSet
    ) {
        guard format.needsWholeHeads else {
            return store(
                layer: layer, head: head, part: part, dims: 0..<headDim, blockTable: blockTable,
                firstPosition: firstPosition, rows: rows, from: from, stride: stride, kernels: kernels)
        }
        let groups = (headDim + Int(PK_QUANT_GROUP) - 1) / Int(PK_QUANT_GROUP)
        var call = pk_store_form_call()
        call.pages = pages(layer: layer, head: head, blockTable: blockTable)
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: groups * Int(PK_QUANT_GROUP)) { form in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: groups + 1) { sums in
                call.form = UnsafePointer(form.baseAddress)
                for row in 0..<rows {
                    call.position = Int64(firstPosition + row)
                    call.scale = kernels.table.pointee.form_int8(
                        from + row * stride, Int64(headDim), form.baseAddress, sums.baseAddress)
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

    /// Attention of groups of queries in one head, each over everything stored up to its position.
    ///
    /// - Parameters:
    ///   - head: one of the node's.
    ///   - queries: what `groups` speak of; a query's `table` is its sequence's place in `blockTables`.
    ///   - q: row 0 of the step's queries in this head, `stride` floats from row to row. `out` likewise, `headDim` floats
    ///     written for each query.
    ///   - nextHead: the head that this lane attends next, if it is known: a hint.
    ///   - scratch: `attentionScratchFloats(headDim:)` floats of this lane, 64-byte aligned.
    public func attend(
        layer: Int, head: Int, queries: UnsafePointer<pk_query>, groups: UnsafeBufferPointer<pk_query_group>,
        blockTables: UnsafePointer<Int32>, q: UnsafePointer<Float>, qStride: Int, slope: Float, scale: Float,
        out: UnsafeMutablePointer<Float>, outStride: Int, nextHead: Int? = nil, scratch: UnsafeMutablePointer<Float>,
        kernels: KernelSet
    ) {
        var call = pk_attention_call()
        call.pages = pages(layer: layer, head: head, blockTable: blockTables)
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
            call.next_keys = UnsafePointer(pages(layer: layer, head: nextHead, blockTable: blockTables).keys)
        }
        call.scratch = scratch
        kernels.table.pointee.attention(&call)
    }
}
