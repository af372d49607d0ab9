import Kernels

/// Where each tensor lies in a packed file: a function of the configuration and the formats alone, so that a file's own table
/// has to say the same.
struct PackedModelLayout {
    struct Tensor {
        var name: String
        var shape: [Int]
        /// Of a matrix, which lies in panels; `nil`: a vector of float32.
        var format: WeightFormat?
        /// Counted from the beginning of the data.
        var offset: Int
        var byteCount: Int

        var range: Range<Int> { offset..<offset + byteCount }
    }

    /// The data and every matrix begin at a multiple of this, a page of memory.
    static let pageBytes = 4096
    /// A vector begins at a multiple of this.
    private static let vectorAlignment = 64

    /// In the order of the forward pass.
    private(set) var tensors: [Tensor] = []
    private(set) var byteCount = 0

    init(_ shape: BloomConfiguration, format: WeightFormat, headFormat: WeightFormat) {
        shape.forEachTensor { name, shape in
            let matrixFormat = name == "word_embeddings.weight" || name == "lm_head.weight" ? headFormat : format
            let isMatrix = shape.count == 2
            let alignment = isMatrix ? Self.pageBytes : Self.vectorAlignment
            let offset = (byteCount + alignment - 1) / alignment * alignment
            let bytes =
                isMatrix
                ? PanelPlan.packedBytes(columns: shape[0], k: shape[1], format: matrixFormat) : shape.reduce(4, *)
            tensors.append(
                Tensor(
                    name: name, shape: shape, format: isMatrix ? matrixFormat : nil, offset: offset, byteCount: bytes))
            byteCount = offset + bytes
        }
    }
}
