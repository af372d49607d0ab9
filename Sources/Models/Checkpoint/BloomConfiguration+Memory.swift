public import Kernels

extension BloomConfiguration {
    /// Bytes of the weights once packed: each matrix in panels of 64 output columns (the last one filled up), vectors in
    /// float32. A tied head is the word embedding's own panels.
    public func packedBytes(_ format: WeightFormat) -> Int {
        var bytes = 0
        forEachTensor { _, shape in
            bytes +=
                shape.count == 2
                ? PanelPlan.packedBytes(columns: shape[0], k: shape[1], format: format) : shape.reduce(4, *)
        }
        return bytes
    }

    /// Bytes of one token in the cache: in each layer and head its key, `headDim` numbers (rounded up to even in bf16),
    /// and its value, `headDim` numbers rounded up to 16.
    public func bytesPerCachedToken(_ format: KeyValueFormat) -> Int {
        KeyValueLayout.bytesPerToken(layers: layerCount, heads: headCount, headDim: headDim, format: format)
    }
}
