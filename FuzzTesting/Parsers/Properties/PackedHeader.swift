import Foundation

@testable import Models

/// A `config.json`, the JSON of a packed model's header and how many bytes of data follow it. Magic, length and checksum
/// are put in front, since no fuzzer finds a checksum. What is accepted lies in the file without overlap, and is the same
/// again when it is written and read once more.
public enum PackedHeader: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        // As it comes, most often without the magic.
        try requireSentence { try bytes.withUnsafeBytes { _ = try PackedModelHeader.decode($0, file: name) } }

        let parts = parts(bytes, atMost: 3)
        let shape = try BloomConfiguration(JSONFile(Data(parts[0]), path: "config.json"))
        let dataBytes = parts.count > 2 ? Int(String(decoding: parts[2], as: UTF8.self)) ?? 0 : 0
        let file = file(parts.count > 1 ? parts[1] : [], dataBytes: min(max(0, dataBytes), 1 << 20))
        let table = try file.withUnsafeBytes {
            try PackedModelTable($0, configuration: shape, file: name)
        }

        var end = table.dataStart
        for tensor in table.layout.tensors {
            try require(table.dataStart + tensor.offset >= end, "\(tensor.name) overlaps another tensor")
            end = table.dataStart + tensor.range.upperBound
        }
        try require(end <= file.count, "the tensors end behind the file")
        let again = try table.header.encoded().withUnsafeBytes { try PackedModelHeader.decode($0, file: name).header }
        try require(again == table.header, "another header when written again")
    }

    private static let name = "model.parterre"

    private static func file(_ json: [UInt8], dataBytes: Int) -> [UInt8] {
        func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
        var file = PackedModelHeader.magic + number(UInt64(PackedModelHeader.version))
        file += number(UInt64(json.count)) + number(json.withUnsafeBytes { XXHash64.hash($0) }) + json
        let page = PackedModelLayout.pageBytes
        file.append(contentsOf: repeatElement(0, count: (page - file.count % page) % page + dataBytes))
        return file
    }
}
