import Foundation

/// The small JSON files beside the data.
enum StoredRecord {
    static func encode(_ record: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(record)
    }

    /// - Returns: `nil` for a file that is missing or damaged.
    static func read<Record: Decodable>(_ type: Record.Type, _ path: String) -> Record? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return try? JSONDecoder().decode(type, from: bytes)
    }
}
