import Basics
import CKernels
import Foundation
public import Kernels

/// BLOOM's forward pass (BigScience, 2022). Every function is run by all lanes of the crew together; a barrier stands
/// where one part reads what other lanes wrote.
public struct Bloom: Sendable {
    public let weights: BloomWeights
    public let kernels: KernelSet
    let slopes: [Float]
    let scale: Float

    public var configuration: BloomConfiguration { weights.configuration }

    public init(weights: BloomWeights, kernels: KernelSet) {
        self.weights = weights
        self.kernels = kernels
        slopes = alibiSlopes(heads: weights.configuration.headCount)
        scale = Float(1 / Double(weights.configuration.headDim).squareRoot())
    }

    /// Run the step's tokens through all layers; keys and values go into `store`, the stream stays in `w.x`.
    ///
    /// - Precondition: every token is below `vocabularySize`, every position has a block.
    public func forward(_ batch: borrowing StepBatch, _ w: BloomWorkspace, store: KeyValueStore, lane: Lane) {
        let rows = batch.rows
        precondition(rows <= w.rowCapacity, "the workspace holds the step")
        if lane.index == 0 { w.attention.make(for: batch) }
        embed(batch, w, lane)  // x [rows, hidden]
        lane.barrier()
        for (index, layer) in weights.layers.enumerated() {
            norm(layer.inputNorm, rows, w, lane)  // normed [rows, hidden]
            lane.barrier()
            multiply(layer.queryKeyValue, w.normedRows(weights.format, rows), into: w.qkv, w.qkvStride, lane: lane)
            lane.barrier()  // qkv [rows, heads, 3, headDim]
            storeKeysAndValues(batch, layer: index, w, store, lane)
            lane.barrier()
            attend(batch, layer: index, w, store, lane)  // attended [rows, heads, headDim]
            lane.barrier()
            let residual = configuration.residualAfterLayerNorm ? w.normed : w.x
            multiply(
                layer.dense, w.attendedRows(weights.format, rows), into: w.x, w.hiddenStride, residual: residual,
                epilogue: PK_RESIDUAL, lane: lane)  // x [rows, hidden]
            lane.barrier()
            norm(layer.postAttentionNorm, rows, w, lane)  // normed [rows, hidden]
            lane.barrier()
            multiply(
                layer.up, w.normedRows(weights.format, rows), into: w.inner, w.innerStride, epilogue: PK_GELU,
                rounded: weights.format == .bf16 ? w.innerRounded : nil, lane: lane)  // inner [rows, 4·hidden]
            lane.barrier()
            multiply(
                layer.down, w.innerRows(weights.format, rows), into: w.x, w.hiddenStride, residual: residual,
                epilogue: PK_RESIDUAL, lane: lane)  // x [rows, hidden]
            lane.barrier()
        }
    }

    /// Logits `[wanted.count, vocabulary]` of these of the step's wanted rows, into `w.logits`.
    public func head(_ batch: borrowing StepBatch, wanted: Range<Int>, _ w: BloomWorkspace, lane: Lane) {
        precondition(wanted.count <= w.logitRowCapacity, "the workspace holds the logits")
        for index in lane.share(of: wanted.count) {
            let row = Int(batch.wantedRows[wanted.lowerBound + index])
            norm(weights.finalNorm, from: w.x + row * w.hiddenStride, toRow: index, w)
        }
        lane.barrier()
        weights.head.multiply(
            w.normedRows(weights.format, wanted.count), into: ProductTarget(w.logits, stride: w.logitStride),
            kernels: kernels, lane: lane)
        lane.barrier()
    }

    private func embed(_ batch: borrowing StepBatch, _ w: BloomWorkspace, _ lane: Lane) {
        for row in lane.share(of: batch.rows) {
            let x = w.x + row * w.hiddenStride
            weights.embedding.unpackRow(batch.tokens[row].index, to: x)
            kernels.layerNorm(
                x, gamma: weights.embeddingNorm.gamma, beta: weights.embeddingNorm.beta,
                epsilon: configuration.layerNormEpsilon, count: configuration.hiddenSize, out: x)
        }
    }

    private func norm(_ norm: BloomWeights.Norm, _ rows: Int, _ w: BloomWorkspace, _ lane: Lane) {
        for row in lane.share(of: rows) { self.norm(norm, from: w.x + row * w.hiddenStride, toRow: row, w) }
    }

    private func norm(_ norm: BloomWeights.Norm, from x: UnsafePointer<Float>, toRow row: Int, _ w: BloomWorkspace) {
        let hidden = configuration.hiddenSize
        let out = w.normed + row * w.hiddenStride
        kernels.layerNorm(
            x, gamma: norm.gamma, beta: norm.beta, epsilon: configuration.layerNormEpsilon, count: hidden, out: out)
        if weights.format == .bf16 {
            kernels.roundToBF16(out, count: hidden, out: w.normedRounded + row * w.hiddenStride)
        }
    }

    private func multiply(
        _ linear: BloomWeights.Linear, _ x: ActivationRows, into y: UnsafeMutablePointer<Float>, _ stride: Int,
        residual: UnsafePointer<Float>? = nil, epilogue: pk_epilogue = PK_STORE,
        rounded: UnsafeMutablePointer<UInt16>? = nil, lane: Lane
    ) {
        let target = ProductTarget(
            y, stride: stride, bias: linear.bias, residual: residual, epilogue: epilogue, rounded: rounded)
        linear.weights.multiply(x, into: target, kernels: kernels, lane: lane)
    }

    private func storeKeysAndValues(
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore, _ lane: Lane
    ) {
        let heads = store.layout.headsByNode[lane.node]
        let segments = batch.segments.count
        batch.blockTables.withUnsafeBufferPointer { tables in
            for item in lane.shareOnNode(of: 0..<heads.count * segments) {
                let head = heads.lowerBound + item / segments
                let segment = batch.segments[item % segments]
                let dim = configuration.headDim
                let query = w.qkv + segment.firstRow * w.qkvStride + head * 3 * dim
                func keep(_ part: KeyValuePart, from: UnsafePointer<Float>) {
                    store.store(
                        layer: layer, head: head, node: lane.node, part: part, dims: 0..<dim,
                        blockTable: tables.baseAddress! + segment.table, firstPosition: segment.firstPosition,
                        rows: segment.rows, from: from, stride: w.qkvStride)
                }
                keep(.key, from: query + dim)
                keep(.value, from: query + 2 * dim)
            }
        }
    }

    private func attend(
        _ batch: borrowing StepBatch, layer: Int, _ w: BloomWorkspace, _ store: KeyValueStore, _ lane: Lane
    ) {
        let heads = store.layout.headsByNode[lane.node]
        let dim = configuration.headDim
        let plan = w.attention
        // Each lane takes a contiguous stretch of the node's work; a group is its lane's whose stretch holds its beginning.
        let stretch = lane.shareOnNode(of: 0..<heads.count * plan.cost)
        batch.blockTables.withUnsafeBufferPointer { tables in
            for head in heads {
                let before = (head - heads.lowerBound) * plan.cost
                let part = plan.groups(in: stretch.clamped(to: before..<before + plan.cost), of: before)
                guard !part.isEmpty else { continue }
                plan.withGroups(part) { queries, groups in
                    store.attend(
                        layer: layer, head: head, node: lane.node, queries: queries, groups: groups,
                        blockTables: tables.baseAddress!, q: w.qkv + head * 3 * dim, qStride: w.qkvStride,
                        slope: slopes[head], scale: scale, out: w.attended + head * dim, outStride: w.hiddenStride,
                        scratch: w.scratch(of: lane), kernels: kernels)
                }
                guard weights.format == .bf16 else { continue }
                for query in plan.queries(of: part) {
                    let at = Int(query.row) * w.hiddenStride + head * dim
                    kernels.roundToBF16(w.attended + at, count: dim, out: w.attendedRounded + at)
                }
            }
        }
    }
}

extension BloomWorkspace {
    func normedRows(_ format: WeightFormat, _ rows: Int) -> ActivationRows {
        activations(format, normed, normedRounded, hiddenStride, rows)
    }

    func attendedRows(_ format: WeightFormat, _ rows: Int) -> ActivationRows {
        activations(format, attended, attendedRounded, hiddenStride, rows)
    }

    func innerRows(_ format: WeightFormat, _ rows: Int) -> ActivationRows {
        activations(format, inner, innerRounded, innerStride, rows)
    }

    private func activations(
        _ format: WeightFormat, _ floats: UnsafeMutablePointer<Float>, _ words: UnsafeMutablePointer<UInt16>,
        _ stride: Int,
        _ rows: Int
    ) -> ActivationRows {
        switch format {
        case .f32: ActivationRows(floats, stride: stride, rows: rows)
        case .bf16: ActivationRows(words, stride: stride, rows: rows)
        }
    }
}
