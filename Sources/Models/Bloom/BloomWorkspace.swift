import CKernels
import Kernels

/// Activations of a step, taken once for the largest step. Row strides are rounded up to 16 elements; what lies behind
/// a row's end stays +0 (the bf16 products of an odd width read one element there).
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
    let normedRounded: UnsafeMutablePointer<UInt16>
    /// `[rows, heads, 3, headDim]`.
    let qkv: UnsafeMutablePointer<Float>
    let attended: UnsafeMutablePointer<Float>
    let attendedRounded: UnsafeMutablePointer<UInt16>
    /// `[rows, 4·hidden]`.
    let inner: UnsafeMutablePointer<Float>
    let innerRounded: UnsafeMutablePointer<UInt16>
    /// `[logit rows, vocabulary]`.
    public let logits: UnsafeMutablePointer<Float>

    /// Made by the first lane at a step's beginning.
    var attention = AttentionPlan()
    private let attentionScratch: UnsafeMutablePointer<Float>
    private let attentionScratchFloats: Int
    private let region: NodeRegion

    /// - Throws: `KernelError.outOfMemory`.
    public init(_ shape: BloomConfiguration, rows: Int, logitRows: Int, lanes: Int) throws {
        func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
        hiddenStride = padded(shape.hiddenSize)
        qkvStride = padded(3 * shape.hiddenSize)
        innerStride = padded(4 * shape.hiddenSize)
        logitStride = padded(shape.vocabularySize)
        rowCapacity = rows
        logitRowCapacity = logitRows
        attentionScratchFloats = padded(KeyValueStore.attentionScratchFloats(headDim: shape.headDim))

        let floats = [
            rows * hiddenStride, rows * hiddenStride, rows * qkvStride, rows * hiddenStride, rows * innerStride,
            logitRows * logitStride, lanes * attentionScratchFloats,
        ]
        let words = [rows * hiddenStride, rows * hiddenStride, rows * innerStride]
        let bytes =
            floats.reduce(0) { $0 + RegionAllocator.footprint($1 * 4) }
            + words.reduce(0) { $0 + RegionAllocator.footprint($1 * 2) }
        region = try NodeRegion(byteCount: bytes, node: nil, purpose: "activations")
        var allocator = RegionAllocator(region)
        func takeWords(_ count: Int) -> UnsafeMutablePointer<UInt16> {
            allocator.take(bytes: count * 2).bindMemory(to: UInt16.self, capacity: count)
        }
        x = allocator.takeFloats(floats[0])
        normed = allocator.takeFloats(floats[1])
        qkv = allocator.takeFloats(floats[2])
        attended = allocator.takeFloats(floats[3])
        inner = allocator.takeFloats(floats[4])
        logits = allocator.takeFloats(floats[5])
        attentionScratch = allocator.takeFloats(floats[6])
        normedRounded = takeWords(words[0])
        attendedRounded = takeWords(words[1])
        innerRounded = takeWords(words[2])
    }

    func scratch(of lane: Lane) -> UnsafeMutablePointer<Float> {
        attentionScratch + lane.index * attentionScratchFloats
    }
}
