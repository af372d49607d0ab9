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
        let hidden = configuration.hiddenSize
        precondition(rows <= w.rowCapacity, "the workspace holds the step")
        if lane.index == 0 {
            w.timer = StepTimer()
            w.attention.make(for: batch, blockTokens: store.layout.blockTokens)
        }
        embed(batch, w, lane)  // x [rows, hidden]
        lane.barrier()
        // Looked up once: in the layers' loop nothing is retained.
        let node = weights.nodes[lane.node]
        let plan = w.attention
        let own = store.onNode(lane.node)
        for (index, layer) in node.layers.enumerated() {
            let nextLayer = index + 1 < node.layers.count ? node.layers[index + 1].queryKeyValue.weights : node.head
            var normed = norm(layer.inputNorm, rows, w, lane)  // [rows, hidden]
            project(layer, normed.formed, batch, index: index, w, store, own, lane)
            lane.barrier()  // qkv [rows, heads, 3, headDim]; keys and values in their pages
            if lane.index == 0 { w.timer.enter(.attention) }
            attend(plan, batch, layer: index, w, own, lane)
            lane.barrier()  // attended [rows, heads, headDim]
            if lane.index == 0 { w.timer.enter(.products) }
            let attended = w.hiddenForm.formed(
                w.attended, stride: w.hiddenStride, rows: rows, width: hidden, lane: lane)
            multiply(
                layer.dense, attended, into: w.x, w.hiddenStride, residual: residual(normed, w),
                epilogue: PK_RESIDUAL, following: layer.up.weights, lane: lane)
            lane.barrier()  // x [rows, hidden]
            normed = norm(layer.postAttentionNorm, rows, w, lane)  // [rows, hidden]
            let inner = expand(layer, normed.formed, w, lane)  // [rows, 4·hidden]
            multiply(
                layer.down, inner, into: w.x, w.hiddenStride, residual: residual(normed, w),
                epilogue: PK_RESIDUAL, following: nextLayer, lane: lane)
            lane.barrier()  // x [rows, hidden]
        }
        if lane.index == 0 { w.timer.enter(.head) }
    }

    /// Of the logits `[wanted.count, vocabulary]` of these of the step's wanted rows what is asked for: whole rows go into
    /// `w.logits`, of others the greatest values into `w.selection`.
    ///
    /// - Parameter demands: one for each of `wanted`; `nil`: all of all.
    public func head(
        _ batch: borrowing StepBatch, wanted: Range<Int>, demands: [RowDemand]? = nil, _ w: BloomWorkspace, lane: Lane
    ) {
        precondition(wanted.count <= w.logitRowCapacity, "the workspace holds the logits")
        let node = weights.nodes[lane.node]
        let firstLayer = node.layers.first?.queryKeyValue.weights
        let normed = norm(weights.finalNorm, wanted.count, form: w.headForm, w, lane) { index in
            UnsafePointer(w.x + Int(batch.wantedRows[wanted.lowerBound + index]) * w.hiddenStride)
        }
        if let demands, !demands.allSatisfy({ $0 == .all }) {
            precondition(demands.count == wanted.count, "a demand for each row")
            w.selection.begin(demands, lane: lane)
            node.head.multiply(
                normed.formed, into: w.selection.target(of: lane), following: firstLayer, kernels: kernels, lane: lane
            ) {
                w.selection.take($0, whole: w.logits, stride: w.logitStride, kernels: kernels, lane: lane)
            }
        } else {
            node.head.multiply(
                normed.formed, into: ProductTarget(w.logits, stride: w.logitStride), following: firstLayer,
                kernels: kernels, lane: lane)
        }
        lane.barrier()
    }

    private func embed(_ batch: borrowing StepBatch, _ w: BloomWorkspace, _ lane: Lane) {
        for row in lane.share(of: batch.rows) {
            let x = w.x + row * w.hiddenStride
            weights.embedding.unpackRow(batch.tokens[row].index, to: x, kernels: kernels)
            kernels.layerNorm(
                x, gamma: weights.embeddingNorm.gamma, beta: weights.embeddingNorm.beta,
                epsilon: configuration.layerNormEpsilon, count: configuration.hiddenSize, out: x)
        }
    }

    /// LayerNorm's rows as floats and as the next product reads them.
    private struct NormedRows {
        var floats: UnsafePointer<Float>
        var formed: ActivationRows
    }

    private func norm(_ norm: BloomWeights.Norm, _ rows: Int, _ w: BloomWorkspace, _ lane: Lane) -> NormedRows {
        self.norm(norm, rows, form: w.hiddenForm, w, lane) { UnsafePointer(w.x + $0 * w.hiddenStride) }
    }

    private func residual(_ normed: NormedRows, _ w: BloomWorkspace) -> UnsafePointer<Float> {
        configuration.residualAfterLayerNorm ? normed.floats : UnsafePointer(w.x)
    }

    /// Few rows each lane normalises for itself, many all lanes together, who then meet.
    @inline(__always)
    private func norm(
        _ norm: BloomWeights.Norm, _ rows: Int, form: LaneRows, _ w: BloomWorkspace, _ lane: Lane,
        from x: (Int) -> UnsafePointer<Float>
    ) -> NormedRows {
        let hidden = configuration.hiddenSize
        let isOwn = LaneRows.areOwn(rows, width: hidden)
        let out = isOwn ? w.ownNormed(of: lane) : w.normed
        let target = isOwn ? form.own(of: lane) : form.shared
        for row in isOwn ? 0..<rows : lane.share(of: rows) {
            let floats = out + row * w.hiddenStride
            kernels.layerNorm(
                x(row), gamma: norm.gamma, beta: norm.beta, epsilon: configuration.layerNormEpsilon, count: hidden,
                out: floats)
            if target.form != .f32 { target.form(floats, count: hidden, row: row) }
        }
        if !isOwn { lane.barrier() }
        let formed =
            target.form == .f32 ? ActivationRows(floats: out, stride: w.hiddenStride, rows: rows) : target.rows(rows)
        return NormedRows(floats: out, formed: formed)
    }

    /// The MLP's first half, in the form that its second half reads; no lane reads it before all are done.
    private func expand(
        _ layer: BloomWeights.Layer<NodePanels>, _ x: ActivationRows, _ w: BloomWorkspace, _ lane: Lane
    ) -> ActivationRows {
        let isRounded = w.innerForm.shared.form == .bf16  // elementwise: the product itself can do it
        multiply(
            layer.up, x, into: w.inner, w.innerStride, epilogue: PK_GELU, rounded: isRounded ? w.innerForm.shared : nil,
            following: layer.down.weights, lane: lane)
        lane.barrier()
        guard !isRounded else { return w.innerForm.shared.rows(x.rows) }
        return w.innerForm.formed(
            w.inner, stride: w.innerStride, rows: x.rows, width: 4 * configuration.hiddenSize, lane: lane)
    }

    func multiply(
        _ linear: BloomWeights.Linear<NodePanels>, _ x: ActivationRows, into y: UnsafeMutablePointer<Float>,
        _ stride: Int,
        residual: UnsafePointer<Float>? = nil, epilogue: pk_epilogue = PK_STORE, rounded: FormedRows? = nil,
        following: NodePanels, lane: Lane
    ) {
        let target = ProductTarget(
            y, stride: stride, bias: linear.bias, residual: residual, epilogue: epilogue, rounded: rounded)
        linear.weights.multiply(x, into: target, following: following, kernels: kernels, lane: lane)
    }
}
