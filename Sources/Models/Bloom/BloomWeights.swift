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
    struct Linear {
        var weights: PackedMatrix
        var bias: UnsafePointer<Float>
    }

    struct Layer {
        var inputNorm: Norm
        /// `[heads, 3, headDim]` outputs: query, key, value of a head side by side.
        var queryKeyValue: Linear
        var dense: Linear
        var postAttentionNorm: Norm
        var up: Linear
        var down: Linear
    }

    public let configuration: BloomConfiguration
    /// The layers' format and the head's, which is also the embedding's where the two are tied.
    public let format: WeightFormat
    public let headFormat: WeightFormat
    /// One region per node of the crew, holding that node's panels (and, on the first, the vectors).
    public let regions: [NodeRegion]

    /// `[vocabulary, hidden]`: the word embedding, and the head too where they are tied.
    let embedding: PackedMatrix
    let head: PackedMatrix
    let embeddingNorm: Norm
    let layers: [Layer]
    let finalNorm: Norm

    public var byteCount: Int { regions.reduce(0) { $0 + $1.byteCount } }

    /// Pack a model. Tensors stream: each is read once, by the lanes that will use it, and its file pages let go.
    ///
    /// - Parameter progress: share of the weights that is packed, 0…1.
    /// - Throws: `CheckpointError` before anything is packed, `KernelError.outOfMemory`.
    public init(
        _ source: any WeightSource, format: WeightFormat, headFormat: WeightFormat? = nil, crew: WorkerLanes,
        kernels: KernelSet, progress: ((Double) -> Void)? = nil
    ) throws {
        try source.validate()
        let shape = source.configuration
        let hidden = shape.hiddenSize
        func plan(_ columns: Int, _ k: Int) -> PanelPlan {
            PanelPlan(columns: columns, k: k, format: format, crew: crew)
        }
        let headFormat = headFormat ?? format
        let vocabulary = PanelPlan(columns: shape.vocabularySize, k: hidden, format: headFormat, crew: crew)
        let perLayer = [
            plan(3 * hidden, hidden), plan(hidden, hidden), plan(4 * hidden, hidden), plan(hidden, 4 * hidden),
        ]
        let regions = try crew.nodes.indices.map { node in
            func bytes(_ plan: PanelPlan) -> Int { RegionAllocator.footprint(plan.bytes(onNode: node)) }
            var total = bytes(vocabulary) * (shape.tiedHead ? 1 : 2)
            total += shape.layerCount * perLayer.reduce(0) { $0 + bytes($1) }
            if node == 0 { total += Self.vectorBytes(shape) }
            return try NodeRegion(
                byteCount: total, node: crew.machine.canPlace ? crew.nodes[node].id : nil, purpose: "the packed weights"
            )
        }
        var packer = Packer(
            source: source, crew: crew, kernels: kernels, allocators: regions.map(RegionAllocator.init),
            progress: progress)

        embedding = try packer.matrix("word_embeddings.weight", vocabulary)
        embeddingNorm = try packer.norm("word_embeddings_layernorm", hidden)
        layers = try (0..<shape.layerCount).map { layer in
            let prefix = "h.\(layer)."
            return Layer(
                inputNorm: try packer.norm(prefix + "input_layernorm", hidden),
                queryKeyValue: try packer.linear(prefix + "self_attention.query_key_value", perLayer[0]),
                dense: try packer.linear(prefix + "self_attention.dense", perLayer[1]),
                postAttentionNorm: try packer.norm(prefix + "post_attention_layernorm", hidden),
                up: try packer.linear(prefix + "mlp.dense_h_to_4h", perLayer[2]),
                down: try packer.linear(prefix + "mlp.dense_4h_to_h", perLayer[3]))
        }
        finalNorm = try packer.norm("ln_f", hidden)
        head = shape.tiedHead ? embedding : try packer.matrix("lm_head.weight", vocabulary)
        configuration = shape
        self.format = format
        self.headFormat = headFormat
        self.regions = regions
    }

    private static func vectorBytes(_ shape: BloomConfiguration) -> Int {
        let hidden = RegionAllocator.footprint(shape.hiddenSize * 4)
        let norm = 2 * hidden
        let perLayer =
            2 * norm + RegionAllocator.footprint(shape.hiddenSize * 12) + 2 * hidden
            + RegionAllocator.footprint(shape.hiddenSize * 16)
        return 2 * norm + shape.layerCount * perLayer
    }
}

/// Moves one tensor after another from its source into the regions.
private struct Packer {
    let source: any WeightSource
    let crew: WorkerLanes
    let kernels: KernelSet
    var allocators: [RegionAllocator]
    let progress: ((Double) -> Void)?
    private var bytesDone = 0
    private static let sliceBytes = 64 << 20
    private let bytesInAll: Int

    init(
        source: any WeightSource, crew: WorkerLanes, kernels: KernelSet, allocators: [RegionAllocator],
        progress: ((Double) -> Void)?
    ) {
        self.source = source
        self.crew = crew
        self.kernels = kernels
        self.allocators = allocators
        self.progress = progress
        bytesInAll = max(1, source.byteCount)
    }

    mutating func matrix(_ name: String, _ plan: PanelPlan) throws -> PackedMatrix {
        let tensor = try source.reader(of: name, shape: [plan.columns, plan.k])
        let matrix = PackedMatrix(plan, from: &allocators)
        // A slice at a time, let go at once: the embedding alone may be half of a model.
        let slices = max(1, tensor.byteCount / Self.sliceBytes)
        for slice in 0..<slices {
            let rows = plan.panelsByNode.indices.map { plan.columns(ofSlice: slice, of: slices, onNode: $0) }
            let parts = tensor.read(rows, crew: crew)
            crew.run { lane in matrix.pack(parts[lane.node], slice: slice, of: slices, kernels: kernels, lane: lane) }
            tensor.discard(rows)
        }
        done(tensor)
        return matrix
    }

    mutating func vector(_ name: String, _ count: Int) throws -> UnsafePointer<Float> {
        let tensor = try source.reader(of: name, shape: [count])
        let out = allocators[0].takeFloats(count)
        tensor.read([0..<1], crew: crew)[0].convert(to: out, kernels: kernels)
        done(tensor)
        return UnsafePointer(out)
    }

    mutating func norm(_ name: String, _ count: Int) throws -> BloomWeights.Norm {
        let gamma = try vector(name + ".weight", count)
        return BloomWeights.Norm(gamma: gamma, beta: try vector(name + ".bias", count))
    }

    mutating func linear(_ name: String, _ plan: PanelPlan) throws -> BloomWeights.Linear {
        let weights = try matrix(name + ".weight", plan)
        return BloomWeights.Linear(weights: weights, bias: try vector(name + ".bias", plan.columns))
    }

    private mutating func done(_ tensor: any TensorReader) {
        tensor.discard()
        bytesDone += tensor.byteCount
        progress?(Double(bytesDone) / Double(bytesInAll))
    }
}
