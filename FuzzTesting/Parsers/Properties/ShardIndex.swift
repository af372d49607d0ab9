import Foundation

@testable import Models

/// A `model.safetensors.index.json`. The files that it names lie in the checkpoint's folder.
public enum ShardIndex: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let map = try read(bytes)
        try require(!map.isEmpty, "an empty index is accepted")
        for name in map.values {
            let folder = URL(filePath: "/folder/", directoryHint: .isDirectory)
            let parent = folder.appending(path: name).standardizedFileURL.deletingLastPathComponent()
            try require(parent.path() == folder.path(), "the file \(name) leads out of the folder")
        }
        let entries = try map.map { "\(try json($0.key)):\(try json($0.value))" }
        let again = try read(Array("{\"weight_map\":{\(entries.joined(separator: ","))}}".utf8))
        try require(again == map, "another index when written again")
    }

    private static func read(_ bytes: [UInt8]) throws -> [String: String] {
        try CheckpointFiles.weightMap(JSONFile(Data(bytes), path: "model.safetensors.index.json"))
    }
}
