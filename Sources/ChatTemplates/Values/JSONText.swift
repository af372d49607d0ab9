/// Writes values as Python's `json.dumps` does, which is what transformers makes of the filter `tojson`.
struct JSONWriter {
    var escapesNonASCII = false
    /// What a level is indented by; `nil`: all on one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false

    private var text = ""
    private let budget: Budget

    init(_ budget: Budget) { self.budget = budget }

    mutating func json(of value: Value) throws -> String {
        try write(value, 0)
        return text
    }

    private mutating func append(_ part: String) throws {
        try budget.spend(bytes: part.utf8.count)
        text += part
    }

    private mutating func write(_ value: Value, _ depth: Int) throws {
        try budget.step()
        switch value {
        case .none: try append("null")
        case .bool(let value): try append(value ? "true" : "false")
        case .integer(let value): try append(String(value))
        case .number(let value): try append(Self.number(value))
        case .string(let string): try writeQuoted(string)
        case .list(let elements), .tuple(let elements):
            try writeItems(elements.values.count, "[", "]", depth) { json, index throws in
                try json.write(elements.values[index], depth + 1)
            }
        case .dict(let dict): try write(dict, depth)
        default: throw Fault.failed("Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private mutating func write(_ dict: Dict, _ depth: Int) throws {
        var order = Array(0..<dict.count)
        if sortsKeys { order = try order.sorted { try budget.precedes(dict.keys[$0], dict.keys[$1]) } }
        try writeItems(dict.count, "{", "}", depth) { json, index throws in
            let place = order[index]
            switch dict.keys[place] {
            case .string(let name): try json.writeQuoted(name)
            case .none: try json.writeQuoted("null")
            case .bool(let value): try json.writeQuoted(value ? "true" : "false")
            case .integer(let value): try json.writeQuoted(String(value))
            case .number(let value): try json.writeQuoted(Self.number(value))
            case let key: throw Fault.failed("keys must be str, int, float, bool or None, not \(key.typeName)")
            }
            try json.append(json.keySeparator)
            try json.write(dict.values[place], depth + 1)
        }
    }

    private mutating func writeItems(
        _ count: Int, _ open: String, _ close: String, _ depth: Int, _ item: (inout JSONWriter, Int) throws -> Void
    ) throws {
        try append(open)
        for index in 0..<count {
            if index > 0 { try append(itemSeparator) }
            try breakLine(depth + 1)
            try item(&self, index)
        }
        if count > 0 { try breakLine(depth) }
        try append(close)
    }

    private mutating func breakLine(_ depth: Int) throws {
        guard let indent else { return }
        try budget.spend(bytes: indent.utf8.count * depth)
        text += "\n" + String(repeating: indent, count: depth)
    }

    private static func number(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : pythonText(value)
    }

    private mutating func writeQuoted(_ string: String) throws {
        var result = String.UnicodeScalarView()
        result.append("\"")
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\u{8}": result.append(contentsOf: "\\b".unicodeScalars)
            case "\u{C}": result.append(contentsOf: "\\f".unicodeScalars)
            case _ where scalar.value < 0x20 || escapesNonASCII && scalar.value > 0x7E:
                for unit in String(scalar).utf16 {
                    result.append(contentsOf: "\\u\(hexadecimal(UInt32(unit), width: 4))".unicodeScalars)
                }
            default: result.append(scalar)
            }
        }
        result.append("\"")
        try append(String(result))
    }
}
