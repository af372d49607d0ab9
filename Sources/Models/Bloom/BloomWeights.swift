import CKernels
public import Kernels

/// A BLOOM checkpoint's weights, packed: matrices in panels on their nodes, vectors in float32.
public struct BloomWeights: @unchecked Sendable {
    /// LayerNorm's scale and shift, `[hidden]` each.
    struct Norm {
        var gamma: UnsafePointer<Float>
        var beta: UnsafePointer<Float>
    }

    /// `y[out] = weights[out, in] · x[in] + bias[out]`.
    struct Linear<Matrix> {
        var weights: Matrix
        var bias: UnsafePointer<Float>
    }

    struct Layer<Matrix> {
        var inputNorm: Norm
        /// `[heads, 3, headDim]` outputs: query, key, value of a head side by side.
        var queryKeyValue: Linear<Matrix>
        var dense: Linear<Matrix>
        var postAttentionNorm: Norm
        var up: Linear<Matrix>
        var down: Linear<Matrix>
    }

    /// What the lanes of one node multiply with. Its elements hold no reference (`NodePanels`).
    struct Node {
        let layers: [Layer<NodePanels>]
        let head: NodePanels
    }

    public let configuration: BloomConfiguration
    /// The layers' format and the head's, which is also the embedding's where the two are tied.
    public let format: WeightFormat
    public let headFormat: WeightFormat
    /// What holds the weights: a region per node of the crew, or the mapped file.
    public let regions: [NodeRegion]
    /// Bytes of each node's panels and, on the first, of the vectors.
    public let bytesByNode: [Int]

    /// Bytes that are a file's own pages, which the system may drop and read again.
    public let mappedBytes: Int

    /// `[vocabulary, hidden]`: the word embedding, and the head too where they are tied.
    let embedding: PackedMatrix
    let embeddingNorm: Norm
    let nodes: [Node]
    let finalNorm: Norm

    public var byteCount: Int { bytesByNode.reduce(0, +) }

    /// All tensors in the order of the forward pass, each where `loader` puts it.
    init(
        _ shape: BloomConfiguration, format: WeightFormat, headFormat: WeightFormat, crew: WorkerLanes,
        regions: [NodeRegion], isMapped: Bool = false, loader: inout some TensorLoader
    ) throws {
        let plans = BloomPlans(shape, format: format, headFormat: headFormat, crew: crew)
        let hidden = shape.hiddenSize
        embedding = try loader.matrix("word_embeddings.weight", plans.vocabulary)
        embeddingNorm = try loader.norm("word_embeddings_layernorm", hidden)
        let layers = try (0..<shape.layerCount).map { layer in
            let prefix = "h.\(layer)."
            return Layer(
                inputNorm: try loader.norm(prefix + "input_layernorm", hidden),
                queryKeyValue: try loader.linear(prefix + "self_attention.query_key_value", plans.queryKeyValue),
                dense: try loader.linear(prefix + "self_attention.dense", plans.dense),
                postAttentionNorm: try loader.norm(prefix + "post_attention_layernorm", hidden),
                up: try loader.linear(prefix + "mlp.dense_h_to_4h", plans.up),
                down: try loader.linear(prefix + "mlp.dense_4h_to_h", plans.down))
        }
        finalNorm = try loader.norm("ln_f", hidden)
        let head = shape.tiedHead ? embedding : try loader.matrix("lm_head.weight", plans.vocabulary)
        nodes = crew.nodes.indices.map { node in
            Node(layers: layers.map { $0.onNode(node) }, head: head.onNode(node))
        }
        configuration = shape
        self.format = format
        self.headFormat = headFormat
        self.regions = regions
        bytesByNode = crew.nodes.indices.map { plans.bytes(onNode: $0) }
        mappedBytes = isMapped ? bytesByNode.reduce(0, +) : 0
    }
}

extension BloomWeights.Linear<PackedMatrix> {
    fileprivate func onNode(_ node: Int) -> BloomWeights.Linear<NodePanels> {
        BloomWeights.Linear<NodePanels>(weights: weights.onNode(node), bias: bias)
    }
}

extension BloomWeights.Layer<PackedMatrix> {
    fileprivate func onNode(_ node: Int) -> BloomWeights.Layer<NodePanels> {
        BloomWeights.Layer<NodePanels>(
            inputNorm: inputNorm, queryKeyValue: queryKeyValue.onNode(node), dense: dense.onNode(node),
            postAttentionNorm: postAttentionNorm, up: up.onNode(node), down: down.onNode(node))
    }
}
