public import CKernels

/// What a token leaves behind in a head.
public enum KeyValuePart: Sendable {
    case key
    case value
}

/// Keys and values in blocks. A borrowed view; its owner keeps the memory alive.
public struct KeyValueStore: @unchecked Sendable {
    public let layout: KeyValueLayout
    // Per node, block 0 of that node's arena.
    private let bases: [UnsafeMutableRawPointer]
    private let norms: KeyNorms
    // All layers share the same place, one after the other (a forward without a cache).
    private let layersShareMemory: Bool

    /// - Parameters:
    ///   - bases: per node of the layout, memory for blocks × `bytesPerBlock(onNode:)` bytes, aligned to 64.
    ///   - layersShareMemory: each layer overwrites the one before; a block then has the size of one layer.
    public init(layout: KeyValueLayout, bases: [UnsafeMutableRawPointer], layersShareMemory: Bool = false) {
        precondition(bases.count == layout.headsByNode.count, "one base per node")
        self.layout = layout
        self.bases = bases
        norms = KeyNorms(layout)
        self.layersShareMemory = layersShareMemory
    }

    /// What a node holds, to write and to read; not longer than the store lives.
    public func onNode(_ node: Int) -> NodeKeyValues {
        NodeKeyValues(layout, node: node, base: bases[node], norms: norms.table, layersShareMemory: layersShareMemory)
    }

    /// What the node holds that has this head.
    public func onNode(ofHead head: Int) -> NodeKeyValues {
        onNode(layout.headsByNode.firstIndex { $0.contains(head) }!)
    }

    /// Take note of keys in all heads that were not written by `NodeKeyValues`; no lane may be at work.
    package func note(keysWithElementsUpTo greatest: Float) {
        let square = Float(layout.headDim) * greatest * greatest
        for layer in 0..<layout.layers {
            for head in 0..<layout.heads { norms.table.note(square, layer: layer, head: head, firstDim: 0) }
        }
    }

    public static func attentionScratchFloats(headDim: Int) -> Int { Int(pk_attention_scratch(Int64(headDim))) }

    /// Copy a block's content on all nodes, every layer (copy on write).
    public func copyBlock(from source: Int, to target: Int) {
        for node in bases.indices {
            let stride = onNode(node).blockStride
            (bases[node] + target * stride).copyMemory(from: bases[node] + source * stride, byteCount: stride)
        }
    }
}
