public import Kernels

extension BloomWeights {
    /// Pack a model. Tensors stream: each is read once, by the lanes that will use it, and its file pages let go.
    ///
    /// - Parameter progress: share of the weights that is packed, 0…1.
    /// - Throws: `CheckpointError` before anything is packed, `KernelError.outOfMemory`.
    public init(
        _ source: any WeightSource, format: WeightFormat, headFormat: WeightFormat? = nil, crew: WorkerLanes,
        kernels: KernelSet, progress: WorkProgress? = nil
    ) throws {
        try source.validate()
        let shape = source.configuration
        let headFormat = headFormat ?? format
        let plans = BloomPlans(shape, format: format, headFormat: headFormat, crew: crew)
        let regions = try plans.regions(crew: crew)
        var packer = TensorPacker(
            source: source, crew: crew, kernels: kernels, regions: regions, progress: progress)
        try self.init(
            shape, format: format, headFormat: headFormat, crew: crew, regions: regions, loader: &packer)
    }
}

/// Packs tensors from their source into the regions.
private struct TensorPacker: TensorLoader {
    private let source: any WeightSource
    private let crew: WorkerLanes
    private let kernels: KernelSet
    private var allocators: [RegionAllocator]
    private let progress: WorkProgress?
    private var bytesDone = 0
    private let bytesInAll: Int

    init(
        source: any WeightSource, crew: WorkerLanes, kernels: KernelSet, regions: [NodeRegion],
        progress: WorkProgress?
    ) {
        self.source = source
        self.crew = crew
        self.kernels = kernels
        allocators = regions.map(RegionAllocator.init)
        self.progress = progress
        bytesInAll = max(1, source.byteCount)
    }

    mutating func matrix(_ name: String, _ plan: PanelPlan) throws -> PackedMatrix {
        let tensor = try source.reader(of: name, shape: [plan.columns, plan.k])
        let matrix = PackedMatrix(plan, from: &allocators)
        // A slice at a time, let go at once: the embedding alone may be half of a model.
        let slices = plan.slices(ofBytes: tensor.byteCount, lanes: crew.count)
        for slice in 0..<slices {
            let part = matrix.slice(slice, of: slices)
            let rows = crew.nodes.indices.map { part.plan.columns(onNode: $0) }
            let sources = tensor.read(rows, crew: crew)
            let queue = PanelQueue(part.plan)
            crew.run { lane in
                while let panels = queue.next(for: lane) {
                    part.pack(sources[lane.node], panels: panels, kernels: kernels, lane: lane)
                }
            }
            tensor.discard(rows)
        }
        try done(tensor)
        return matrix
    }

    mutating func vector(_ name: String, _ count: Int) throws -> UnsafePointer<Float> {
        let tensor = try source.reader(of: name, shape: [count])
        let out = allocators[0].takeFloats(count)
        tensor.read([0..<1], crew: crew)[0].convert(to: out, kernels: kernels)
        try done(tensor)
        return UnsafePointer(out)
    }

    private mutating func done(_ tensor: any TensorReader) throws {
        tensor.discard()
        bytesDone += tensor.byteCount
        try progress?(Double(bytesDone) / Double(bytesInAll))
    }
}
