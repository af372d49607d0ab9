import Foundation

/// How a value is to be written: the part of a replacement field behind the colon, `[[fill]align][sign][#][0][width][,][.precision][type]`;
/// `%` patterns lead here too.
struct FormatSpecification {
    var fill: Unicode.Scalar = " "
    var alignment: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var type: Unicode.Scalar?

    static let widest = 1 << 20
    private static let mostPrecise = 400

    init() {}

    init(_ text: String) throws {
        var scalars = Array(text.unicodeScalars)[...]
        let alignments: [Unicode.Scalar] = ["<", ">", "=", "^"]
        if scalars.count > 1, alignments.contains(scalars[scalars.startIndex + 1]) {
            fill = scalars.removeFirst()
            alignment = scalars.removeFirst()
        } else if let first = scalars.first, alignments.contains(first) {
            alignment = scalars.removeFirst()
        }
        if let first = scalars.first, ["+", "-", " "].contains(first) { sign = scalars.removeFirst() }
        if scalars.first == "#" {
            isAlternate = true
            scalars.removeFirst()
        }
        if scalars.first == "0" {
            scalars.removeFirst()
            if alignment == nil {
                fill = "0"
                alignment = "="
            }
        }
        width = try Self.number(&scalars) ?? 0
        if let first = scalars.first, [",", "_"].contains(first) { grouping = scalars.removeFirst() }
        if scalars.first == "." {
            scalars.removeFirst()
            guard let digits = try Self.number(&scalars) else { throw Fault.failed("a format lacks its precision") }
            precision = digits
        }
        type = scalars.popFirst()
        guard scalars.isEmpty else { throw Fault.failed("the format '\(text)' is not valid") }
    }

    static func number(_ scalars: inout ArraySlice<Unicode.Scalar>) throws -> Int? {
        var value: Int?
        while let digit = scalars.first, ("0"..."9").contains(digit) {
            value = (value ?? 0) * 10 + Int(digit.value - 48)
            guard value ?? 0 <= widest else { throw Fault.failed("a format is too wide") }
            scalars.removeFirst()
        }
        return value
    }

    func padded(_ text: String, sign: String = "", standard: Unicode.Scalar) -> String {
        let missing = width - text.unicodeScalars.count - sign.unicodeScalars.count
        guard missing > 0 else { return sign + text }
        func filling(_ count: Int) -> String { String(repeating: String(fill), count: count) }
        switch alignment ?? standard {
        case "<": return sign + text + filling(missing)
        case "^": return filling(missing / 2) + sign + text + filling(missing - missing / 2)
        case "=": return sign + filling(missing) + text
        default: return filling(missing) + sign + text
        }
    }

    func text(of string: String) throws -> String {
        guard type == nil || type == "s", alignment != "=", grouping == nil else {
            throw Fault.failed("the format does not suit a string")
        }
        let shown = precision.map { String(String.UnicodeScalarView(string.unicodeScalars.prefix($0))) } ?? string
        return padded(shown, standard: "<")
    }

    func text(of integer: Int) throws -> String {
        var prefix = ""
        var digits: String
        let magnitude = integer.magnitude
        switch type {
        case nil, "d", "n": digits = grouped(String(magnitude), by: 3)
        case "x": (prefix, digits) = ("0x", String(magnitude, radix: 16))
        case "X": (prefix, digits) = ("0X", String(magnitude, radix: 16, uppercase: true))
        case "o": (prefix, digits) = ("0o", String(magnitude, radix: 8))
        case "b": (prefix, digits) = ("0b", String(magnitude, radix: 2))
        case "c":
            guard let value = UInt32(exactly: integer), let scalar = Unicode.Scalar(value) else {
                throw Fault.failed("\(integer) is no character")
            }
            return padded(String(scalar), standard: "<")
        default: return try text(of: Double(integer))
        }
        guard precision == nil else { throw Fault.failed("a whole number has no precision") }
        return padded(digits, sign: signText(integer < 0) + (isAlternate ? prefix : ""), standard: ">")
    }

    func text(of number: Double) throws -> String {
        let magnitude = number.magnitude
        guard precision ?? 0 <= Self.mostPrecise else { throw Fault.failed("a format is too precise") }
        func c(_ conversion: String, _ precision: Int, _ value: Double) -> String {
            String(format: "%\(isAlternate ? "#" : "").\(precision)\(conversion)", value)
        }
        var digits: String
        switch type {
        case _ where !number.isFinite: digits = number.isNaN ? "nan" : "inf"
        case nil:
            digits = precision.map { c("g", max($0, 1), magnitude) } ?? pythonText(magnitude)
            if !digits.contains("e"), !digits.contains(".") { digits += ".0" }
        case "f", "F": digits = c("f", precision ?? 6, magnitude)
        case "e", "E": digits = c("e", precision ?? 6, magnitude)
        case "g", "G", "n": digits = c("g", max(precision ?? 6, 1), magnitude)
        case "%": digits = c("f", precision ?? 6, magnitude * 100) + "%"
        default: throw Fault.failed("the format does not suit a number")
        }
        if let type, type.properties.isUppercase { digits = digits.uppercased() }
        if grouping != nil {
            let whole = digits.prefix { ("0"..."9").contains($0) }
            digits = grouped(String(whole), by: 3) + digits.dropFirst(whole.count)
        }
        return padded(digits, sign: signText(number.sign == .minus && !number.isNaN), standard: ">")
    }

    private func signText(_ isNegative: Bool) -> String { isNegative ? "-" : sign == "-" ? "" : String(sign) }

    private func grouped(_ digits: String, by size: Int) -> String {
        guard let grouping else { return digits }
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % size == 0 { result.unicodeScalars.append(grouping) }
            result.append(digit)
        }
        return result
    }
}
