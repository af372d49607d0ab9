import Foundation
import Parterre
import Testing

/// The tensors of a golden.safetensors file: I32, F32 and F64.
struct GoldenTensors {
    private struct Entry: Decodable {
        var dtype: String
        var shape: [Int]
        var dataOffsets: [Int]
    }

    private let entries: [String: Entry]
    private let body: Data

    init(_ url: URL) throws {
        let file = try Data(contentsOf: url)
        let length = Int(file.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { keys in
            // Tensor names stay as they are; only data_offsets has a Swift name.
            let last = keys[keys.count - 1]
            return last.stringValue == "data_offsets" ? Key(stringValue: "dataOffsets") : last
        }
        entries = try decoder.decode([String: Entry].self, from: file[8..<8 + length])
        body = file[(8 + length)...]
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func tokens(_ name: String) throws -> [TokenID] {
        try values(name, "I32", Int32.self).map { TokenID(rawValue: $0) }
    }
    func floats(_ name: String) throws -> [Float] { try values(name, "F32", Float.self) }
    func doubles(_ name: String) throws -> [Double] { try values(name, "F64", Double.self) }
    func shape(_ name: String) throws -> [Int] { try #require(entries[name]).shape }

    private func values<T: BitwiseCopyable>(_ name: String, _ type: String, _: T.Type) throws -> [T] {
        let entry = try #require(entries[name], "golden.safetensors holds \(name)")
        #expect(entry.dtype == type)
        let bytes = body[(body.startIndex + entry.dataOffsets[0])..<(body.startIndex + entry.dataOffsets[1])]
        return bytes.withUnsafeBytes { raw in
            (0..<raw.count / MemoryLayout<T>.size).map {
                raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
            }
        }
    }
}
