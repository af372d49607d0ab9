import Basics
import Foundation

/// A JSON object of a checkpoint's directory, read key by key; every error names the file and the key.
///
/// It reads the wanted keys only, so what else the file holds, however deep, is left to Foundation's parser.
struct JSONFile {
    let path: String
    private let fields: KeyedDecodingContainer<Key>

    /// Far more than any configuration needs, far less than harms: an index of 176b has 60 KB.
    private static let largestFile = 64 << 20

    /// - Throws: `CheckpointError.unreadable` or `.malformed`.
    init(path: String) throws {
        let mapping = try MappedFile(path: path)
        guard mapping.bytes.count <= Self.largestFile else {
            throw CheckpointError.malformed(
                file: path, problem: "the file has \(mapping.bytes.count) bytes: that is no configuration")
        }
        try self.init(Data(mapping.bytes), path: path)
    }

    /// - Parameter path: how errors name the source of the bytes.
    /// - Throws: `CheckpointError.malformed`.
    init(_ data: Data, path: String) throws {
        do {
            fields = try JSONDecoder().decode(Fields.self, from: data).container
        } catch DecodingError.dataCorrupted {
            let place = Self.firstFault(data).map { ": \(printable($0))" } ?? ""
            throw CheckpointError.malformed(file: path, problem: "the file is not valid JSON\(place)")
        } catch {
            throw CheckpointError.malformed(file: path, problem: "the file does not hold a JSON object")
        }
        self.path = path
    }

    func contains(_ key: String) -> Bool { fields.contains(Key(key)) }

    /// The key's value; `nil` when the key is missing or null.
    ///
    /// - Parameter kind: what the value should be, for the error.
    func value<Value: Decodable>(_ key: String, as type: Value.Type, _ kind: String) throws -> Value? {
        do {
            return try fields.decodeIfPresent(type, forKey: Key(key))
        } catch {
            throw failure(key, "must be \(kind)")
        }
    }

    func integer(_ key: String) throws -> Int? { try value(key, as: Int.self, "a whole number") }
    func number(_ key: String) throws -> Double? { try value(key, as: Double.self, "a number") }
    func boolean(_ key: String) throws -> Bool? { try value(key, as: Bool.self, "true or false") }
    func string(_ key: String) throws -> String? { try value(key, as: String.self, "a string") }

    /// One whole number or a list of them.
    func integers(_ key: String) throws -> [Int]? {
        if let list = try? fields.decodeIfPresent([Int].self, forKey: Key(key)) { return list }
        return try value(key, as: Int.self, "a whole number or a list of them").map { [$0] }
    }

    func failure(_ key: String, _ problem: String) -> CheckpointError {
        .malformed(file: path, problem: "\(key) \(problem)")
    }

    /// Where the JSON breaks, which only Foundation's other parser tells on Linux.
    private static func firstFault(_ data: Data) -> String? {
        do {
            _ = try JSONSerialization.jsonObject(with: data)
            return nil
        } catch {
            return (error as NSError).userInfo["NSDebugDescription"] as? String
        }
    }

    private struct Fields: Decodable {
        let container: KeyedDecodingContainer<Key>

        init(from decoder: any Decoder) throws { container = try decoder.container(keyedBy: Key.self) }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
