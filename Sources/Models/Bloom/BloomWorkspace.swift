import CKernels
public import Kernels

/// Activations of a step, taken once for the largest step. Row strides are rounded up and a little longer than needed, so
/// that a tile's rows fall into different sets of a cache; what lies behind a row's end is nobody's.
public final class BloomWorkspace: @unchecked Sendable {
    public let rowCapacity: Int
    /// Rows that the head can compute at a time.
    public let logitRowCapacity: Int

    let hiddenStride: Int
    let qkvStride: Int
    let innerStride: Int
    public let logitStride: Int

    /// The residual stream, `[rows, hidden]`.
    let x: UnsafeMutablePointer<Float>
    let normed: UnsafeMutablePointer<Float>
    /// `[rows, heads, 3, headDim]`.
    let qkv: UnsafeMutablePointer<Float>
    let attended: UnsafeMutablePointer<Float>
    /// `[rows, 4·hidden]`; bf16 products write their form at once and leave this alone. It lies where `qkv` and `attended` lie,
    /// which nobody reads any more when the MLP begins.
    let inner: UnsafeMutablePointer<Float>
    /// `[logit rows, vocabulary]`; memory is taken as rows are written, and a row is written only if all of it is wanted.
    public let logits: UnsafeMutablePointer<Float>

    /// Inputs of the layers' products in the weights' form: `[rows, hidden]` and `[rows, 4·hidden]`.
    let hiddenForm: LaneRows
    let innerForm: LaneRows
    /// `[logit rows, hidden]` in the head's form.
    let headForm: LaneRows

    /// What is wanted of logits that are not written.
    public let selection: ProductSelection

    /// Of the last step, by its first lane.
    public var timer = StepTimer()

    /// Made by the first lane at a step's beginning.
    var attention = AttentionPlan()
    private let attentionScratch: UnsafeMutablePointer<Float>
    private let attentionScratchFloats: Int
    private let ownNormed: UnsafeMutablePointer<Float>
    private let ownNormedFloats: Int
    private let region: NodeRegion

    /// - Throws: `KernelError.outOfMemory`.
    public init(_ model: Bloom, rows: Int, logitRows: Int, lanes: Int) throws {
        let shape = model.configuration
        let kernels = model.kernels
        func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
        hiddenStride = padded(shape.hiddenSize) + 16
        qkvStride = padded(3 * shape.hiddenSize) + 16
        innerStride = padded(4 * shape.hiddenSize) + 16  // at most qkvStride + hiddenStride
        logitStride = padded(shape.vocabularySize)
        rowCapacity = rows
        logitRowCapacity = logitRows
        attentionScratchFloats = padded(KeyValueStore.attentionScratchFloats(headDim: shape.headDim))
        ownNormedFloats = LaneRows.ownRows(width: shape.hiddenSize) * hiddenStride

        let form = model.weights.format.rowForm
        let headForm = model.weights.headFormat.rowForm
        let floats = [
            rows * hiddenStride, rows * hiddenStride, rows * (qkvStride + hiddenStride), logitRows * logitStride,
            lanes * attentionScratchFloats, lanes * ownNormedFloats,
        ]
        var bytes = floats.reduce(0) { $0 + RegionAllocator.footprint($1 * 4) }
        func formed(_ form: RowForm, _ rows: Int, _ width: Int) -> Int {
            LaneRows.footprint(form, rows: rows, width: width, lanes: lanes, kernels: kernels)
        }
        bytes += formed(form, rows, shape.hiddenSize) + formed(form, rows, 4 * shape.hiddenSize)
        bytes += formed(headForm, logitRows, shape.hiddenSize)
        bytes += ProductSelection.footprint(rows: logitRows, lanes: lanes)
        region = try NodeRegion(byteCount: bytes, node: nil, purpose: "activations")

        var allocator = RegionAllocator(region)
        x = allocator.takeFloats(floats[0])
        normed = allocator.takeFloats(floats[1])
        qkv = allocator.takeFloats(floats[2])
        attended = qkv + rows * qkvStride
        inner = qkv
        logits = allocator.takeFloats(floats[3])
        attentionScratch = allocator.takeFloats(floats[4])
        ownNormed = allocator.takeFloats(floats[5])
        hiddenForm = LaneRows(
            form, rows: rows, width: shape.hiddenSize, lanes: lanes, kernels: kernels, from: &allocator)
        innerForm = LaneRows(
            form, rows: rows, width: 4 * shape.hiddenSize, lanes: lanes, kernels: kernels, from: &allocator)
        self.headForm = LaneRows(
            headForm, rows: logitRows, width: shape.hiddenSize, lanes: lanes, kernels: kernels, from: &allocator)
        selection = ProductSelection(rows: logitRows, lanes: lanes, from: &allocator)
    }

    func scratch(of lane: Lane) -> UnsafeMutablePointer<Float> {
        attentionScratch + lane.index * attentionScratchFloats
    }

    /// The lane's own LayerNorm outputs, as many rows as `LaneRows.areOwn` allows.
    func ownNormed(of lane: Lane) -> UnsafeMutablePointer<Float> { ownNormed + lane.index * ownNormedFloats }
}
