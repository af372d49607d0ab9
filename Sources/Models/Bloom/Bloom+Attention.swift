import CKernels
import Kernels

// A layer's queries, keys and values, and the attention over what is stored.
extension Bloom {
    /// qkv `[rows, heads, 3, headDim]`, and keys and values in their pages, as soon as they are computed if the format lets.
    func project(
        _ layer: BloomWeights.Layer<NodePanels>, _ x: ActivationRows, _ batch: borrowing StepBatch, index: Int,
        _ w: BloomWorkspace, _ store: KeyValueStore, _ own: NodeKeyValues, _ lane: Lane
    ) {
        let linear = layer.queryKeyValue
        let target = ProductTarget(w.qkv, stride: w.qkvStride, bias: linear.bias)
        // Where a panel's columns are whole heads', what is computed can always be stored at once.
        let waits = own.format.needsWholeHeads && PanelPlan.panelColumns % configuration.headDim != 0
        linear.weights.multiply(
            x, into: target, following: layer.dense.weights, kernels: kernels, lane: lane
        ) { part in
            if !waits { keep(part, batch, layer: index, w, store, own) }
        }
        guard waits else { return }
        lane.barrier()
        keepHeads(batch, layer: index, w, own, lane)
    }

    /// Write the lane's share of the keys and values of its node's heads, each head's row as a whole.
    private func keepHeads(
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ own: NodeKeyValues, _ lane: Lane
    ) {
        let heads = own.heads
        let dim = configuration.headDim
        let share = lane.shareOnNode(of: 0..<heads.count * batch.rows)
        for (index, head) in heads.enumerated() {
            let rows = share.clamped(to: index * batch.rows..<(index + 1) * batch.rows)
            let stretches = rows.lowerBound - index * batch.rows..<rows.upperBound - index * batch.rows
            let query = w.qkv + head * 3 * dim
            forEachStretch(of: stretches, batch) { stretch in
                keepWhole(.key, head: head, stretch, from: query + dim, layer: layer, w, own)
                keepWhole(.value, head: head, stretch, from: query + 2 * dim, layer: layer, w, own)
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

    /// - Parameter from: row 0's first dim.
    @inline(__always)
    private func keepWhole(
        _ part: KeyValuePart, head: Int, _ stretch: Stretch, from: UnsafePointer<Float>, layer: Int,
        _ w: BloomWorkspace, _ keyValues: NodeKeyValues
    ) {
        keyValues.storeWhole(
            layer: layer, head: head, part: part, blockTable: stretch.blockTable, firstPosition: stretch.firstPosition,
            rows: stretch.rows.count, from: from + stretch.rows.lowerBound * w.qkvStride, stride: w.qkvStride,
            kernels: kernels)
    }

    /// Write a computed part's keys and values: its columns, cut where a head's query, key or value ends. Near the border of
    /// two nodes a head may be another node's.
    private func keep(
        _ computed: ProductPart, _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore,
        _ own: NodeKeyValues
    ) {
        let dim = configuration.headDim
        var column = computed.columns.lowerBound
        while column < computed.columns.upperBound {
            let third = column / dim
            let end = min((third + 1) * dim, computed.columns.upperBound)
            if third % 3 != 0 {
                let head = third / 3
                keep(
                    third % 3 == 1 ? .key : .value, head: head, dims: column - third * dim..<end - third * dim,
                    rows: computed.rows, from: w.qkv + column, batch, layer: layer, w,
                    own.heads.contains(head) ? own : store.onNode(ofHead: head))
            }
            column = end
        }
    }

    private func keep(
        _ part: KeyValuePart, head: Int, dims: Range<Int>, rows: Range<Int>, from: UnsafePointer<Float>,
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ keyValues: NodeKeyValues
    ) {
        forEachStretch(of: rows, batch) { stretch in
            if dims.count == configuration.headDim {
                keepWhole(part, head: head, stretch, from: from, layer: layer, w, keyValues)
            } else {
                keyValues.store(
                    layer: layer, head: head, part: part, dims: dims, blockTable: stretch.blockTable,
                    firstPosition: stretch.firstPosition, rows: stretch.rows.count,
                    from: from + stretch.rows.lowerBound * w.qkvStride, stride: w.qkvStride, kernels: kernels)
            }
        }
    }

    func attend(
        _ plan: AttentionPlan, _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ own: NodeKeyValues,
        _ lane: Lane
    ) {
        let heads = own.heads
        // Each lane takes a contiguous stretch of the node's work; a group is its lane's whose stretch holds its beginning.
        let stretch = lane.shareOnNode(of: 0..<heads.count * plan.cost)
        // Slopes fall from head to head, and the less a head's slope, the more of a long context it reads: so a lane's heads
        // are not neighbours, but lie as far apart as there are lanes.
        let step = min(lane.lanesOnNode, heads.count)
        var before = 0
        batch.blockTables.withUnsafeBufferPointer { tables in
            for first in 0..<step {
                for head in stride(from: heads.lowerBound + first, to: heads.upperBound, by: step) {
                    let part = plan.groups(in: stretch.clamped(to: before..<before + plan.cost), of: before)
                    before += plan.cost
                    guard !part.isEmpty else { continue }
                    let next = head + step < heads.upperBound ? head + step : nil
                    plan.withGroups(part) { queries, groups in
                        own.attend(
                            layer: layer, head: head, queries: queries, groups: groups,
                            blockTables: tables.baseAddress!, q: w.qkv + head * 3 * configuration.headDim,
                            qStride: w.qkvStride, slope: slopes[head], scale: scale,
                            out: w.attended + head * configuration.headDim, outStride: w.hiddenStride, nextHead: next,
                            scratch: w.scratch(of: lane), kernels: kernels)
                    }
                }
            }
        }
    }
}
