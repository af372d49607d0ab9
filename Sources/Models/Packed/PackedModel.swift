public import Foundation
public import Kernels

/// A folder that `parterre quantize` wrote, opened: a checkpoint's small files, and its weights in one file, packed as they lie
/// in memory.
public struct PackedModel: Sendable {
    public let directory: URL
    public let configuration: BloomConfiguration
    /// Sampling settings of `generation_config.json`, empty where there is none.
    public let generation: GenerationConfiguration
    /// The layers' format and the head's.
    public let format: WeightFormat
    public let headFormat: WeightFormat

    let header: PackedModelHeader
    let layout: PackedModelLayout
    let mapping: MappedFile
    let dataStart: Int

    public static let fileName = "model.parterre"

    /// Whether the folder holds a packed model, be it whole or not.
    public static func isPacked(_ directory: URL) -> Bool { entryExists(path(in: directory)) }

    static func path(in directory: URL) -> String { "\(directory.path)/\(fileName)" }

    /// Read the configuration and check the file's header. The weights themselves are checked by `verify`.
    ///
    /// - Throws: `CheckpointError`, one sentence that names the file.
    public init(directory: URL) throws {
        self.directory = directory
        let path = Self.path(in: directory)
        let (configuration, generation) = try Checkpoint.configurations(in: directory.path)
        mapping = try MappedFile(path: path)
        let table = try PackedModelTable(mapping.bytes, configuration: configuration, file: path)
        self.configuration = table.configuration
        self.generation = generation
        format = table.format
        headFormat = table.headFormat
        header = table.header
        layout = table.layout
        dataStart = table.dataStart
    }

    /// Size of the packed file.
    public var byteCount: Int { mapping.bytes.count }

    /// Every tensor of the file, in name order; a matrix's type is the format of its panels.
    public var listing: [TensorListing] {
        layout.tensors.map { tensor in
            TensorListing(
                name: tensor.name, type: (tensor.format ?? .f32).rawValue, shape: tensor.shape, file: Self.fileName,
                byteCount: tensor.byteCount)
        }.sorted { $0.name < $1.name }
    }

    func bytes(of tensor: PackedModelLayout.Tensor) -> UnsafeRawBufferPointer {
        let range = tensor.range
        return UnsafeRawBufferPointer(
            rebasing: mapping.bytes[dataStart + range.lowerBound..<dataStart + range.upperBound])
    }

    /// Let go the file's pages that hold these of its bytes.
    func discard(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, let base = mapping.bytes.baseAddress else { return }
        mapping.discard(start - base..<start - base + bytes.count)
    }

    /// Compare every tensor with the checksum that was taken when it was packed.
    ///
    /// - Parameter progress: share of the file that is read, 0…1.
    /// - Throws: `CheckpointError.malformedTensor`, for the first that differs.
    public func verify(crew: WorkerLanes, progress: WorkProgress? = nil) throws {
        for (tensor, entry) in zip(layout.tensors, header.tensors) {
            let checksum: UInt64
            if let format = tensor.format {
                let plan = PanelPlan(columns: tensor.shape[0], k: tensor.shape[1], format: format, crew: crew)
                let matrix = PackedMatrix(plan, readingFrom: bytes(of: tensor))
                let panels = PanelChecksums(count: plan.panelCount)
                crew.run { lane in panels.add(matrix, lane) }
                checksum = panels.total
            } else {
                checksum = XXHash64.hash(bytes(of: tensor))
            }
            guard PackedModelHeader.text(checksum) == entry.checksum else {
                throw CheckpointError.malformedTensor(
                    tensor.name, file: mapping.path,
                    problem: "is damaged (its checksum differs): write the file again with parterre quantize")
            }
            discard(bytes(of: tensor))
            try progress?(Double(tensor.range.upperBound) / Double(layout.byteCount))
        }
    }
}

/// XXH64 of each panel of a matrix, filled by all lanes, and of them all.
final class PanelChecksums: @unchecked Sendable {
    // Unchecked because of the pointer alone: each lane writes its own panels' words.
    private let words: UnsafeMutableBufferPointer<UInt64>

    init(count: Int) { words = .allocate(capacity: count) }

    deinit { words.deallocate() }

    /// The lane's panels; every lane must call it.
    func add(_ matrix: PackedMatrix, _ lane: Lane) {
        for index in matrix.ownPanels(of: lane) {
            words[index] = XXHash64.hash(matrix.panel(index, of: lane)).littleEndian
        }
    }

    /// Once all panels are in.
    var total: UInt64 { XXHash64.hash(UnsafeRawBufferPointer(words)) }
}
