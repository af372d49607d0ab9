package import Forms

/// A line's `id` (or `custom_id`), echoed in the answer as it was given.
package enum LineID: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)

    package init(line number: Int) { self = .integer(Int64(number)) }

    /// The id as a name, for people and for tensors.
    package var name: String {
        switch self {
        case .string(let text): text
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .number(let value): String(value)
        }
    }

    package var json: JSON {
        switch self {
        case .string(let text): .string(text)
        case .integer(let value): .integer(Int(value))
        case .unsigned(let value): .unsigned(value)
        case .number(let value): .number(value)
        }
    }
}

extension FieldReader {
    package func id(_ name: String) throws -> LineID? { try read(LineID.self, name, wanted: "a string or a number") }
}

extension LineID: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }
}
