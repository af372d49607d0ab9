import Basics

/// A JSON value as a tree, for the small parts of the file (everything but the vocabulary and the merges).
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// A member of an object; null where there is none, as `tokenizers` reads it.
    subscript(key: String) -> JSONValue {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The value of a number that has no fraction and fits in 53 bits.
    var integer: Int? {
        if case .number(let value) = self, value.magnitude < 0x1p53 { Int(exactly: value) } else { nil }
    }

    /// How an error message calls the value: short, on one line.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): integer.map(String.init) ?? "\(value)"
        case .string(let value): quoted(value)
        case .array(let values): "a list of \(values.count)"
        case .object(let members): members["type"]?.string.map(quoted) ?? "an object"
        }
    }
}

extension JSONReader {
    mutating func readValue() throws(Failure) -> JSONValue {
        var buffer: [UInt8] = []
        switch try peek() {
        case .null:
            try readNull()
            return .null
        case .bool: return .bool(try readBool())
        case .number: return .number(try readDouble())
        case .string:
            return .string(try readText())
        case .array:
            var values: [JSONValue] = []
            try openArray()
            while try nextElement() { values.append(try readValue()) }
            return .array(values)
        case .object:
            var members: [String: JSONValue] = [:]
            try openObject()
            while try nextKey(into: &buffer) {
                let key = try text(buffer)
                let start = position
                let value = try readValue()
                guard members.updateValue(value, forKey: key) == nil else {
                    throw Failure(offset: start, reason: "an object has the key \(quoted(key)) twice")
                }
            }
            return .object(members)
        }
    }
}
