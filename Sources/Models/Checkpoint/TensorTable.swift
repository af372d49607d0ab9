import Basics
import CKernels

/// The tensors of all files of a checkpoint, found by name with and without the `transformer.` prefix.
struct TensorTable: Sendable {
    private var views: [String: TensorView] = [:]
    /// Tensors of types that the kernels do not read: allowed, unless the model asks for one.
    private var foreign: [String: (path: String, entry: SafetensorsFile.Entry)] = [:]
    private let paths: [String]

    private static let prefix = "transformer."

    /// Every readable tensor, in name order.
    var all: [TensorView] { views.values.sorted { $0.name < $1.name } }

    /// What every tensor is, readable or not, in name order.
    var listing: [TensorListing] {
        let readable = views.values.map {
            TensorListing(name: $0.name, type: $0.typeName, shape: $0.shape, file: $0.file, byteCount: $0.bytes.count)
        }
        let others = foreign.values.map { path, entry in
            TensorListing(
                name: entry.name, type: entry.type.rawValue, shape: entry.shape, file: fileName(ofPath: path),
                byteCount: entry.range.count)
        }
        return (readable + others).sorted { $0.name < $1.name }
    }

    /// Map the files, check their headers, and the index against them.
    ///
    /// - Throws: `CheckpointError`.
    init(_ files: CheckpointFiles) throws {
        paths = files.paths
        for path in paths {
            let file = try SafetensorsFile(path: path)
            for entry in file.entries {
                if let other = self.path(of: entry.name) {
                    throw CheckpointError.malformedTensor(
                        entry.name, file: path, problem: "is in \(printable(other)) too")
                }
                if let type = entry.type.kernelType {
                    views[entry.name] = TensorView(
                        name: entry.name, type: type, shape: entry.shape, range: entry.range, mapping: file.mapping)
                } else {
                    foreign[entry.name] = (path, entry)
                }
            }
        }
        for (name, path) in files.placements {
            guard let found = self.path(of: name) else {
                throw CheckpointError.malformedTensor(
                    name, file: path, problem: "is missing, though \(CheckpointFiles.indexName) places it there")
            }
            guard found == path else {
                throw CheckpointError.malformedTensor(
                    name, file: found,
                    problem: "is there, but \(CheckpointFiles.indexName) places it in \(printable(path))")
            }
        }
    }

    /// The tensor of that name, `nil` when there is none.
    ///
    /// - Throws: `CheckpointError` when there are two, or one that the kernels cannot read.
    func find(_ name: String) throws -> TensorView? {
        let present = Self.spellings(name).filter { path(of: $0) != nil }
        guard present.count < 2 else {
            let files = Set(present.compactMap(path(of:))).sorted()
            throw CheckpointError.ambiguousTensor(names: present, files: files)
        }
        guard let spelling = present.first else { return nil }
        if let (path, entry) = foreign[spelling] {
            throw CheckpointError.unsupportedType(tensor: spelling, file: path, type: entry.type.rawValue)
        }
        return views[spelling]
    }

    func tensor(_ name: String, shape: [Int]) throws -> TensorView {
        guard let view = try find(name) else {
            throw CheckpointError.missingTensor(tried: Self.spellings(name), files: paths)
        }
        guard view.shape == shape else {
            throw CheckpointError.wrongShape(tensor: view.name, file: view.path, expected: shape, found: view.shape)
        }
        return view
    }

    private func path(of name: String) -> String? { views[name]?.path ?? foreign[name]?.path }

    private static func spellings(_ name: String) -> [String] { [name, prefix + name] }
}
