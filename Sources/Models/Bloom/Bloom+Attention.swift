import CKernels
import Kernels

// A layer's queries, keys and values, and the attention over what is stored.
extension Bloom {
    /// qkv `[rows, heads, 3, headDim]`, and keys and values in their pages, as soon as they are computed if the format lets.
    func project(
        _ layer: BloomWeights.Layer, _ x: ActivationRows, _ batch: borrowing StepBatch, index: Int, _ w: BloomWorkspace,
        _ store: KeyValueStore, _ lane: Lane
    ) {
        let linear = layer.queryKeyValue
        let target = ProductTarget(w.qkv, stride: w.qkvStride, bias: linear.bias)
        // Where a panel's columns are whole heads', what is computed can always be stored at once.
        let waits = store.layout.format.needsWholeHeads && PanelPlan.panelColumns % configuration.headDim != 0
        linear.weights.multiply(
            x, into: target, following: layer.dense.weights, kernels: kernels, lane: lane
        ) { part in
            if !waits { keep(part, batch, layer: index, w, store) }
        }
        guard waits else { return }
        lane.barrier()
        keepHeads(batch, layer: index, w, store, lane)
    }

    /// Write the lane's share of the keys and values of its node's heads, each head's row as a whole.
    private func keepHeads(
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore, _ lane: Lane
    ) {
        let heads = store.layout.headsByNode[lane.node]
        let dim = configuration.headDim
        let share = lane.shareOnNode(of: 0..<heads.count * batch.rows)
        for (index, head) in heads.enumerated() {
            let rows = share.clamped(to: index * batch.rows..<(index + 1) * batch.rows)
            let own = rows.lowerBound - index * batch.rows..<rows.upperBound - index * batch.rows
            forEachStretch(of: own, batch) { stretch in
                for (part, third) in [(KeyValuePart.key, 1), (.value, 2)] {
                    store.storeWhole(
                        layer: layer, head: head, node: lane.node, part: part, blockTable: stretch.blockTable,
                        firstPosition: stretch.firstPosition, rows: stretch.rows.count,
                        from: w.qkv + stretch.rows.lowerBound * w.qkvStride + (head * 3 + third) * dim,
                        stride: w.qkvStride, kernels: kernels)
                }
            }
        }
    }

    /// Rows of one sequence that stand side by side.
    private struct Stretch {
        var rows: Range<Int>
        var blockTable: UnsafePointer<Int32>
        var firstPosition: Int
    }

    @inline(__always)
    private func forEachStretch(of rows: Range<Int>, _ batch: borrowing StepBatch, _ body: (Stretch) -> Void) {
        guard !rows.isEmpty else { return }
        batch.blockTables.withUnsafeBufferPointer { tables in
            for segment in batch.segments {
                let own = (segment.firstRow..<segment.firstRow + segment.rows).clamped(to: rows)
                guard !own.isEmpty else { continue }
                body(
                    Stretch(
                        rows: own, blockTable: tables.baseAddress! + segment.table,
                        firstPosition: segment.firstPosition + own.lowerBound - segment.firstRow))
            }
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
        forEachStretch(of: rows, batch) { stretch in
            let from = from + stretch.rows.lowerBound * w.qkvStride
            if dims.count == configuration.headDim {
                store.storeWhole(
                    layer: layer, head: head, node: node, part: part, blockTable: stretch.blockTable,
                    firstPosition: stretch.firstPosition, rows: stretch.rows.count, from: from, stride: w.qkvStride,
                    kernels: kernels)
            } else {
                store.store(
                    layer: layer, head: head, node: node, part: part, dims: dims, blockTable: stretch.blockTable,
                    firstPosition: stretch.firstPosition, rows: stretch.rows.count, from: from, stride: w.qkvStride,
                    kernels: kernels)
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
