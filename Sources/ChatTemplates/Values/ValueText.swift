/// Writes values as Python's `str` and `repr` do.
struct ValueWriter {
    private(set) var text = ""
    private let budget: Budget

    init(_ budget: Budget) { self.budget = budget }

    static func text(of value: Value, _ budget: Budget) throws -> String {
        if case .string(let text) = value { return text }
        var writer = ValueWriter(budget)
        try writer.write(value)
        return writer.text
    }

    static func representation(of value: Value, _ budget: Budget) throws -> String {
        var writer = ValueWriter(budget)
        try writer.writeRepresentation(value, 0)
        return writer.text
    }

    private mutating func append(_ part: String) throws {
        try budget.spend(bytes: part.utf8.count + 1)
        text += part
    }

    private mutating func write(_ value: Value) throws {
        switch value {
        case .undefined: break
        case .string(let text): try append(text)
        default: try writeRepresentation(value, 0)
        }
    }

    private mutating func writeRepresentation(_ value: Value, _ depth: Int) throws {
        // Namespaces can hold one another in a circle.
        guard depth <= 2 * Elements.deepest else { throw Fault.failed("values are nested too deeply to be written") }
        switch value {
        case .undefined: try append("Undefined")
        case .none: try append("None")
        case .bool(let value): try append(value ? "True" : "False")
        case .integer(let value): try append(String(value))
        case .number(let value): try append(pythonText(value))
        case .string(let text): try writeQuoted(text)
        case .list(let elements): try write(elements.values, "[", "]", depth)
        case .tuple(let elements): try write(elements.values, "(", elements.values.count == 1 ? ",)" : ")", depth)
        case .dict(let dict): try write(dict, depth)
        case .view(let view):
            try append("dict_\(view.kind.rawValue)(")
            let elements: [Value] =
                switch view.kind {
                case .keys: view.dict.keys
                case .values: view.dict.values
                case .items: try view.dict.pairs()
                }
            try write(elements, "[", "])", depth)
        case .range(let range):
            try append("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))")
        case .iterator(let iteration): try append("<\(iteration.name) object>")
        case .namespace(let namespace):
            let dict = Dict()
            for attribute in namespace.attributes { try dict.set(attribute.name, attribute.value) }
            try append("<Namespace ")
            try write(dict, depth)
            try append(">")
        case .loop(let loop): try append("<LoopContext \(loop.position)/\(loop.count())>")
        case .cycler: try append("<Cycler>")
        case .function(let function): try append(function.representation)
        }
    }

    private mutating func write(_ values: [Value], _ open: String, _ close: String, _ depth: Int) throws {
        try append(open)
        for (index, value) in values.enumerated() {
            if index > 0 { try append(", ") }
            try writeRepresentation(value, depth + 1)
        }
        try append(close)
    }

    private mutating func write(_ dict: Dict, _ depth: Int) throws {
        try append("{")
        for (index, (key, value)) in zip(dict.keys, dict.values).enumerated() {
            if index > 0 { try append(", ") }
            try writeRepresentation(key, depth + 1)
            try append(": ")
            try writeRepresentation(value, depth + 1)
        }
        try append("}")
    }

    private mutating func writeQuoted(_ string: String) throws {
        try budget.spend(bytes: string.utf8.count)
        let quote: Unicode.Scalar =
            string.utf8.contains(UInt8(ascii: "'")) && !string.utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in string.unicodeScalars {
            switch scalar {
            case quote, "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case _ where scalar.isPrintable: result.append(scalar)
            default:
                let value = scalar.value
                let (letter, width) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
                result.append(contentsOf: "\\\(letter)\(hexadecimal(value, width: width))".unicodeScalars)
            }
        }
        result.append(quote)
        try append(String(result))
    }
}

func hexadecimal(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// As Python's `repr` of a float: the fewest digits that read as the same number.
func pythonText(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    let sign = number.sign == .minus ? "-" : ""
    if number == 0 { return sign + "0.0" }
    // Swift finds the same digits; where the point stands differs.
    var mantissa = number.magnitude.description
    var exponent = 0
    if let place = mantissa.firstIndex(of: "e") {
        exponent = Int(mantissa[mantissa.index(after: place)...]) ?? 0
        mantissa = String(mantissa[..<place])
    }
    let parts = mantissa.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var digits = parts[0] + (parts.count > 1 ? parts[1] : "")
    var point = parts[0].count + exponent
    let zeros = digits.prefix { $0 == "0" }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.hasSuffix("0") { digits.removeLast() }
    if point > 16 || point < -3 {
        let power = point - 1
        let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
        return
            "\(sign)\(digits.prefix(1))\(fraction)e\(power < 0 ? "-" : "+")\(power.magnitude < 10 ? "0" : "")\(power.magnitude)"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) + ".0" }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
}
