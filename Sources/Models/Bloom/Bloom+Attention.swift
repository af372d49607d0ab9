import CKernels
import Kernels

// A layer's queries, keys and values, and the attention over what is stored.
extension Bloom {
    /// qkv `[rows, heads, 3, headDim]`; each lane stores the keys and values that it computed at once.
    func project(
        _ layer: BloomWeights.Layer, _ x: ActivationRows, _ batch: borrowing StepBatch, index: Int, _ w: BloomWorkspace,
        _ store: KeyValueStore, _ lane: Lane
    ) {
        let linear = layer.queryKeyValue
        let target = ProductTarget(w.qkv, stride: w.qkvStride, bias: linear.bias)
        linear.weights.multiply(
            x, into: target, following: layer.dense.weights, kernels: kernels, lane: lane
        ) { part in
            keep(part, batch, layer: index, w, store)
        }
    }

    /// Write a computed part's keys and values: its columns, cut where a head's query, key or value ends.
    private func keep(
        _ computed: ProductPart, _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore
    ) {
        let dim = configuration.headDim
        var column = computed.columns.lowerBound
        while column < computed.columns.upperBound {
            let third = column / dim
            let end = min((third + 1) * dim, computed.columns.upperBound)
            if third % 3 != 0 {
                keep(
                    third % 3 == 1 ? .key : .value, head: third / 3, dims: column - third * dim..<end - third * dim,
                    rows: computed.rows, from: w.qkv + column, batch, layer: layer, w, store)
            }
            column = end
        }
    }

    private func keep(
        _ part: KeyValuePart, head: Int, dims: Range<Int>, rows: Range<Int>, from: UnsafePointer<Float>,
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore
    ) {
        let node = store.layout.headsByNode.firstIndex { $0.contains(head) }!
        batch.blockTables.withUnsafeBufferPointer { tables in
            for segment in batch.segments {
                let own = (segment.firstRow..<segment.firstRow + segment.rows).clamped(to: rows)
                guard !own.isEmpty else { continue }
                store.store(
                    layer: layer, head: head, node: node, part: part, dims: dims,
                    blockTable: tables.baseAddress! + segment.table,
                    firstPosition: segment.firstPosition + own.lowerBound - segment.firstRow, rows: own.count,
                    from: from + own.lowerBound * w.qkvStride, stride: w.qkvStride)
            }
        }
    }

    func attend(
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore, _ lane: Lane
    ) {
        let heads = store.layout.headsByNode[lane.node]
        let plan = w.attention
        // Each lane takes a contiguous stretch of the node's work; a group is its lane's whose stretch holds its beginning.
        let stretch = lane.shareOnNode(of: 0..<heads.count * plan.cost)
        // Slopes fall from head to head, and the less a head's slope, the more of a long context it reads: so a lane's heads
        // are not neighbours, but lie as far apart as there are lanes.
        let step = min(lane.lanesOnNode, heads.count)
        var before = 0
        for first in 0..<step {
            for head in stride(from: heads.lowerBound + first, to: heads.upperBound, by: step) {
                let part = plan.groups(in: stretch.clamped(to: before..<before + plan.cost), of: before)
                before += plan.cost
                guard !part.isEmpty else { continue }
                let next = head + step < heads.upperBound ? head + step : nil
                attend(part, of: plan, batch, layer: layer, head: head, next: next, w, store, lane)
            }
        }
    }

    private func attend(
        _ part: Range<Int>, of plan: AttentionPlan, _ batch: borrowing StepBatch, layer: Int, head: Int, next: Int?,
        _ w: BloomWorkspace, _ store: KeyValueStore, _ lane: Lane
    ) {
        let dim = configuration.headDim
        batch.blockTables.withUnsafeBufferPointer { tables in
            plan.withGroups(part) { queries, groups in
                store.attend(
                    layer: layer, head: head, node: lane.node, queries: queries, groups: groups,
                    blockTables: tables.baseAddress!, q: w.qkv + head * 3 * dim, qStride: w.qkvStride,
                    slope: slopes[head], scale: scale, out: w.attended + head * dim, outStride: w.hiddenStride,
                    nextHead: next, scratch: w.scratch(of: lane), kernels: kernels)
            }
        }
    }
}
