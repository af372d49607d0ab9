public import Foundation
public import Kernels

/// Writes a model's weights to one file as they lie in memory: each tensor is read, packed by all lanes and written a piece at a
/// time, so that no more than a piece needs memory.
public struct PackedModelWriter {
    let source: any WeightSource
    let format: WeightFormat
    let headFormat: WeightFormat
    let crew: WorkerLanes
    let kernels: KernelSet

    private static let pieceBytes = 64 << 20

    public init(
        _ source: any WeightSource, format: WeightFormat, headFormat: WeightFormat? = nil, crew: WorkerLanes,
        kernels: KernelSet
    ) {
        self.source = source
        self.format = format
        self.headFormat = headFormat ?? format
        self.crew = crew
        self.kernels = kernels
    }

    /// Write `model.parterre` into the folder; the same source and formats give the same bytes on any machine. What stands
    /// under that name is replaced once the new file is whole.
    ///
    /// - Parameters:
    ///   - progress: share of the file that is written, 0…1.
    ///   - finish: called when the file is whole, before it stands under its name.
    /// - Returns: the file's size.
    /// - Throws: `CheckpointError`, `KernelError.outOfMemory`; then nothing new stands under the name.
    public func write(
        to directory: URL, progress: WorkProgress? = nil, finish: () throws -> Void = {}
    ) throws -> Int {
        try source.validate()
        let shape = source.configuration
        let layout = PackedModelLayout(shape, format: format, headFormat: headFormat)
        func header(_ checksums: [UInt64]?) throws -> [UInt8] {
            try PackedModelHeader(
                shape, format: format, headFormat: headFormat, layout: layout, checksums: checksums
            ).encoded()
        }
        let dataStart = try header(nil).count
        let file = try PartialFile(target: PackedModel.path(in: directory))
        try file.reserve(dataStart + layout.byteCount)
        let checksums = try layout.tensors.map { tensor in
            let checksum = try write(tensor, at: dataStart + tensor.offset, to: file)
            try progress?(Double(tensor.range.upperBound) / Double(layout.byteCount))
            return checksum
        }
        try header(checksums).withUnsafeBytes { try file.write($0, at: 0) }
        try finish()
        try file.finish(synchronized: true)
        return dataStart + layout.byteCount
    }

    /// - Returns: the tensor's checksum.
    private func write(_ tensor: PackedModelLayout.Tensor, at offset: Int, to file: PartialFile) throws -> UInt64 {
        let reader = try source.reader(of: tensor.name, shape: tensor.shape)
        defer { reader.discard() }
        guard let format = tensor.format else {
            let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.shape[0])
            defer { floats.deallocate() }
            if let base = floats.baseAddress { reader.read([0..<1], crew: crew)[0].convert(to: base, kernels: kernels) }
            try file.write(UnsafeRawBufferPointer(floats), at: offset)
            return XXHash64.hash(UnsafeRawBufferPointer(floats))
        }
        let plan = PanelPlan(columns: tensor.shape[0], k: tensor.shape[1], format: format, crew: crew)
        let slices = max(1, max(tensor.byteCount, reader.byteCount) / Self.pieceBytes)
        let parts = (0..<slices).map { plan.slice($0, of: slices) }
        let regions = try crew.nodes.indices.map { node in
            try NodeRegion(
                byteCount: parts.map { $0.bytes(onNode: node) }.max() ?? 0, node: nil, purpose: "packing a tensor")
        }
        let panels = PanelChecksums(count: plan.panelCount)
        for part in parts {
            var allocators = regions.map(RegionAllocator.init)
            let matrix = PackedMatrix(part, from: &allocators)
            let rows = crew.nodes.indices.map { part.columns(onNode: $0) }
            let sources = reader.read(rows, crew: crew)
            crew.run { lane in
                matrix.pack(sources[lane.node], kernels: kernels, lane: lane)
                panels.add(matrix, lane)
            }
            reader.discard(rows)
            for node in crew.nodes.indices {
                try file.write(
                    matrix.panels(onNode: node), at: offset + part.panelsByNode[node].lowerBound * plan.panelBytes)
            }
        }
        return panels.total
    }
}
