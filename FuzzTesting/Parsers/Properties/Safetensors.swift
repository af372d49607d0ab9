@testable import Models

/// The header of a safetensors file. What is accepted lies in the file, covers it without gap or overlap, and is the
/// same again when it is written and read once more.
public enum Safetensors: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let entries = try read(bytes)
        let headerEnd = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        try require(
            String(validating: bytes[8..<headerEnd], as: UTF8.self) != nil, "a header that is not UTF-8 is accepted")

        var covered = headerEnd
        for entry in entries {
            try require(entry.range.lowerBound == covered, "\(entry.name) does not begin where the last tensor ends")
            let size = entry.shape.reduce(entry.type.bits) { $0 * $1 } / 8
            try require(entry.range.count == size, "\(entry.name) has another size than its shape")
            covered = entry.range.upperBound
        }
        try require(covered == bytes.count, "the tensors do not cover the file")
        try require(Set(entries.map { Array($0.name.utf8) }).count == entries.count, "two tensors share a name")

        let rewritten = try write(entries, data: bytes[headerEnd...])
        let again = try read(rewritten)
        try require(again.count == entries.count, "\(entries.count) tensors become \(again.count) when written again")
        for (a, b) in zip(entries, again) {
            try require(
                same(a.name, b.name) && a.type == b.type && a.shape == b.shape
                    && bytes[a.range] == rewritten[b.range],
                "\(a.name) is another tensor when written again")
        }
    }

    private static func read(_ bytes: [UInt8]) throws -> [SafetensorsFile.Entry] {
        try bytes.withUnsafeBytes { try SafetensorsFile.entries(of: $0, file: "model.safetensors") }
    }

    private static func write(_ entries: [SafetensorsFile.Entry], data: ArraySlice<UInt8>) throws -> [UInt8] {
        let tensors = try entries.map { entry in
            let offsets = [entry.range.lowerBound - data.startIndex, entry.range.upperBound - data.startIndex]
            return
                "\(try json(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":\(entry.shape),\"data_offsets\":\(offsets)}"
        }
        let header = Array("{\(tensors.joined(separator: ","))}".utf8)
        return withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header + data
    }
}
