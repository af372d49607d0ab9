import Kernels

extension BloomWeights {
    /// Packed bytes of the matrices of all layers.
    public var layerBytes: Int {
        nodes.flatMap(\.layers).reduce(0) { sum, layer in
            sum + [layer.queryKeyValue, layer.dense, layer.up, layer.down].reduce(0) { $0 + $1.weights.bytes.count }
        }
    }

    /// Packed bytes of the head's matrix.
    public var headBytes: Int { nodes.reduce(0) { $0 + $1.head.bytes.count } }
}
