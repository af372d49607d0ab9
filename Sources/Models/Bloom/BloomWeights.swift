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

    /// Pack a checkpoint. Tensors stream: each is read once, by the lanes that will use it, and its file pages let go.
    ///
    /// - Parameter progress: share of the weights that is packed, 0…1.
    /// - Throws: `CheckpointError` before anything is packed, `KernelError.outOfMemory`.
    public init(
        _ checkpoint: Checkpoint, format: WeightFormat, headFormat: WeightFormat? = nil, crew: WorkerLanes,
        kernels: KernelSet, progress: ((Double) -> Void)? = nil
    ) throws {
        try checkpoint.validate()
        let shape = checkpoint.configuration
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
            checkpoint: checkpoint, crew: crew, kernels: kernels, allocators: regions.map(RegionAllocator.init),
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

/// Moves one tensor after another from the mapped files into the regions.
private struct Packer {
    let checkpoint: Checkpoint
    let crew: WorkerLanes
    let kernels: KernelSet
    var allocators: [RegionAllocator]
    let progress: ((Double) -> Void)?
    private var bytesDone = 0
    private static let sliceBytes = 64 << 20
    private let bytesInAll: Int

    init(
        checkpoint: Checkpoint, crew: WorkerLanes, kernels: KernelSet, allocators: [RegionAllocator],
        progress: ((Double) -> Void)?
    ) {
        self.checkpoint = checkpoint
        self.crew = crew
        self.kernels = kernels
        self.allocators = allocators
        self.progress = progress
        bytesInAll = max(1, checkpoint.tensors.reduce(0) { $0 + $1.bytes.count })
    }

    mutating func matrix(_ name: String, _ plan: PanelPlan) throws -> PackedMatrix {
        let tensor = try checkpoint.tensor(name, shape: [plan.columns, plan.k])
        let matrix = PackedMatrix(plan, from: &allocators)
        let source = SourceMatrix(bytes: tensor.bytes, type: tensor.type, rows: plan.columns, k: plan.k)
        // A slice at a time, its file pages let go at once: the embedding alone may be half of a model.
        let slices = max(1, tensor.bytes.count / Self.sliceBytes)
        let rowBytes = tensor.bytes.count / plan.columns
        for slice in 0..<slices {
            crew.run { lane in matrix.pack(source, slice: slice, of: slices, kernels: kernels, lane: lane) }
            for node in plan.panelsByNode.indices {
                let rows = plan.columns(ofSlice: slice, of: slices, onNode: node)
                tensor.discard(bytes: rows.lowerBound * rowBytes..<rows.upperBound * rowBytes)
            }
        }
        done(tensor)
        return matrix
    }

    mutating func vector(_ name: String, _ count: Int) throws -> UnsafePointer<Float> {
        let tensor = try checkpoint.tensor(name, shape: [count])
        let out = allocators[0].takeFloats(count)
        SourceMatrix(bytes: tensor.bytes, type: tensor.type, rows: 1, k: count).convert(to: out, kernels: kernels)
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

    private mutating func done(_ tensor: TensorView) {
        tensor.discard()
        bytesDone += tensor.bytes.count
        progress?(Double(bytesDone) / Double(bytesInAll))
    }
}
