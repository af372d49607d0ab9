import Basics
import Foundation

/// Which safetensors files make up a checkpoint.
struct CheckpointFiles {
    /// Paths, in name order.
    let paths: [String]
    /// Where the index, if there is one, places each tensor, in name order.
    let placements: [(tensor: String, path: String)]

    static let singleName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// Like `transformers`: `model.safetensors` first, the index else.
    ///
    /// - Throws: `CheckpointError`.
    init(directory: String) throws {
        func path(_ name: String) -> String { "\(directory)/\(name)" }

        if entryExists(path(Self.singleName)) {
            paths = [path(Self.singleName)]
            placements = []
        } else if entryExists(path(Self.indexName)) {
            let map = try Self.weightMap(JSONFile(path: path(Self.indexName)))
            paths = Set(map.values).sorted().map(path)
            placements = map.sorted { $0.key < $1.key }.map { (tensor: $0.key, path: path($0.value)) }
            for shard in paths where !entryExists(shard) {
                throw CheckpointError.missingFile(shard, hint: "\(Self.indexName) names this shard: fetch it")
            }
        } else if let pickled = ["pytorch_model.bin", "pytorch_model.bin.index.json"].first(where: {
            entryExists(path($0))
        }) {
            throw CheckpointError.missingFile(
                path(Self.singleName),
                hint: "this checkpoint has \(pickled) only: load it with transformers and call save_pretrained, which "
                    + "writes safetensors")
        } else {
            throw CheckpointError.missingFile(
                path(Self.singleName),
                hint: "a checkpoint needs that file, or \(Self.indexName) and the shards it names")
        }
    }

    /// - Throws: `CheckpointError`.
    static func weightMap(_ file: JSONFile) throws -> [String: String] {
        guard
            let map = try file.value("weight_map", as: [String: String].self, "an object of tensor and file names"),
            !map.isEmpty
        else { throw file.failure("weight_map", "is missing or empty") }
        // Sorted, so that the same file always yields the same sentence.
        for (tensor, name) in map.sorted(by: { $0.key < $1.key }) where !isPlainName(name) {
            throw CheckpointError.malformedTensor(
                tensor, file: file.path, problem: "is said to be in \(quoted(name)), which is no plain file name")
        }
        return map
    }

    /// A name that cannot lead out of the directory.
    private static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.unicodeScalars.contains { $0 == "/" || $0 == "\0" }
    }
}

/// Whether the directory has an entry of that name, be it a link to nowhere (which opening then reports as such).
func entryExists(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: path)) != nil
}
