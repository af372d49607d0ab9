import Kernels

extension BloomWeights {
    /// Packed bytes of the matrices of all layers.
    public var layerBytes: Int {
        layers.reduce(0) { sum, layer in
            sum + [layer.queryKeyValue, layer.dense, layer.up, layer.down].reduce(0) { $0 + $1.weights.byteCount }
        }
    }

    /// Packed bytes of the head's matrix.
    public var headBytes: Int { head.byteCount }
}

extension PackedMatrix {
    var byteCount: Int { plan.panelsByNode.indices.reduce(0) { $0 + plan.bytes(onNode: $1) } }
}
