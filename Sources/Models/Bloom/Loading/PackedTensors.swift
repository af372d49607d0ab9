public import Kernels

/// Where the weights of a packed file are read from.
public enum PackedPlacement: Sendable {
    /// From the file's own pages in the system's page cache: nothing is copied, and processes share them.
    case mapped
    /// From memory of the process's own, each node's panels on that node.
    case copied
}

extension BloomWeights {
    /// Take a packed model as it is.
    ///
    /// - Parameter progress: share of the weights that is copied, 0…1.
    /// - Throws: `KernelError.outOfMemory`.
    public init(
        _ model: PackedModel, _ placement: PackedPlacement, crew: WorkerLanes, progress: WorkProgress? = nil
    ) throws {
        let shape = model.configuration
        var reader = PackedTensorReader(model)
        switch placement {
        case .mapped:
            try self.init(
                shape, format: model.format, headFormat: model.headFormat, crew: crew,
                regions: model.mapping.region.map { [$0] } ?? [], isMapped: true, loader: &reader)
        case .copied:
            let plans = BloomPlans(shape, format: model.format, headFormat: model.headFormat, crew: crew)
            let regions = try plans.regions(crew: crew)
            var copier = TensorCopier(reader: reader, crew: crew, regions: regions, progress: progress)
            try self.init(
                shape, format: model.format, headFormat: model.headFormat, crew: crew, regions: regions,
                loader: &copier)
        }
    }
}

/// Tensors where they lie in a packed file, which names them in the order of the forward pass.
private struct PackedTensorReader: TensorLoader {
    let model: PackedModel
    private var next = 0

    init(_ model: PackedModel) { self.model = model }

    mutating func take(_ name: String) -> PackedModelLayout.Tensor {
        let tensor = model.layout.tensors[next]
        precondition(tensor.name == name, "the layout has the order of the forward pass")
        next += 1
        return tensor
    }

    mutating func matrix(_ name: String, _ plan: PanelPlan) -> PackedMatrix {
        PackedMatrix(plan, readingFrom: model.bytes(of: take(name)))
    }

    mutating func vector(_ name: String, _ count: Int) -> UnsafePointer<Float> {
        let bytes = model.bytes(of: take(name))
        precondition(bytes.count == count * 4, "the layout has the vector's size")
        return bytes.baseAddress!.assumingMemoryBound(to: Float.self)
    }
}

/// Copies tensors of a packed file into the regions and lets the file's pages go.
private struct TensorCopier: TensorLoader {
    private var reader: PackedTensorReader
    private let crew: WorkerLanes
    private var allocators: [RegionAllocator]
    private let progress: WorkProgress?
    private var bytesDone = 0

    init(reader: PackedTensorReader, crew: WorkerLanes, regions: [NodeRegion], progress: WorkProgress?) {
        self.reader = reader
        self.crew = crew
        allocators = regions.map(RegionAllocator.init)
        self.progress = progress
    }

    mutating func matrix(_ name: String, _ plan: PanelPlan) throws -> PackedMatrix {
        let source = reader.matrix(name, plan)
        let matrix = PackedMatrix(plan, from: &allocators)
        let slices = plan.slices(ofBytes: plan.panelCount * plan.panelBytes, lanes: crew.count)
        for slice in 0..<slices {
            let (from, to) = (source.slice(slice, of: slices), matrix.slice(slice, of: slices))
            crew.run { lane in to.copy(from, lane: lane) }
            for node in crew.nodes.indices { try done(with: from.panels(onNode: node)) }
        }
        return matrix
    }

    mutating func vector(_ name: String, _ count: Int) throws -> UnsafePointer<Float> {
        let source = reader.vector(name, count)
        let out = allocators[0].takeFloats(count)
        out.update(from: source, count: count)
        try done(with: UnsafeRawBufferPointer(start: source, count: count * 4))
        return UnsafePointer(out)
    }

    private mutating func done(with bytes: UnsafeRawBufferPointer) throws {
        reader.model.discard(bytes)
        bytesDone += bytes.count
        try progress?(Double(bytesDone) / Double(reader.model.layout.byteCount))
    }
}
