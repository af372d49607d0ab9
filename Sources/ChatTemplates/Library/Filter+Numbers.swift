import Foundation

extension Renderer {
    func numberFilter(_ filter: Filter, _ value: Value, _ arguments: Arguments) throws -> Value {
        if case .undefined(let undefined) = value { throw Fault.failed(undefined.message) }
        switch filter {
        case .int:
            let bound = try arguments.bound(to: ["default", "base"], of: "int")
            return try integer(value, bound[0] ?? .integer(0), base: bound.integer(1) ?? 10)
        case .float:
            let standard = try arguments.bound(to: ["default"], of: "float")[0] ?? .number(0)
            if case .string(let text) = value { return parsedNumber(text).map(Value.number) ?? standard }
            return value.asNumber.map(Value.number) ?? standard
        case .abs:
            try arguments.requireNone(of: "abs")
            if let integer = value.asInteger {
                guard integer != .min else { throw Fault.failed("a whole number is too large for 64 bits") }
                return .integer(Swift.abs(integer))
            }
            guard let number = value.asNumber else {
                throw Fault.failed("bad operand type for abs(): '\(value.typeName)'")
            }
            return .number(number.magnitude)
        default: return try rounded(value, arguments.bound(to: ["precision", "method"], of: "round"))
        }
    }

    private func integer(_ value: Value, _ standard: Value, base: Int) throws -> Value {
        func truncated(_ number: Double) throws -> Value? {
            guard number.isFinite else { return nil }
            guard let integer = Int(exactly: number.rounded(.towardZero)) else {
                throw Fault.failed("a whole number is too large for 64 bits")
            }
            return .integer(integer)
        }
        switch value {
        case .number(let number):
            if number.isInfinite { throw Fault.failed("cannot convert float infinity to integer") }
            return try truncated(number) ?? standard
        case .string(let text):
            if let integer = try parsedInteger(text, base: base) { return .integer(integer) }
            return try parsedNumber(text).flatMap(truncated) ?? standard
        default: return value.asInteger.map(Value.integer) ?? standard
        }
    }

    /// As Python's `int(text, base)`; `nil` for what is no number.
    private func parsedInteger(_ text: String, base: Int) throws -> Int? {
        guard base == 0 || (2...36).contains(base) else { return nil }
        var digits = text.strippedOfSpace()
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        var radix = base
        let prefixes = ["0x": 16, "0o": 8, "0b": 2]
        if let prefixed = prefixes[digits.prefix(2).lowercased()], base == 0 || base == prefixed {
            digits.removeFirst(2)
            if digits.hasPrefix("_") { digits.removeFirst() }
            radix = prefixed
        } else if base == 0 {
            radix = 10
        }
        guard let plain = withoutUnderscores(digits), plain.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }) else {
            return nil
        }
        if base == 0, radix == 10, plain.hasPrefix("0"), plain.contains(where: { $0 != "0" }) { return nil }
        if let value = Int((isNegative ? "-" : "") + plain, radix: radix) { return value }
        let isNumber = plain.allSatisfy { $0.isASCII && $0.hexDigitValue.map { $0 < radix } ?? false }
        guard !isNumber else { throw Fault.failed("a whole number is too large for 64 bits") }
        return nil
    }

    /// As Python's `float(text)`.
    private func parsedNumber(_ text: String) -> Double? {
        guard let plain = withoutUnderscores(text.strippedOfSpace()) else { return nil }
        let unsigned = plain.lowercased().drop { $0 == "-" || $0 == "+" }
        if ["inf", "infinity", "nan"].contains(unsigned) {
            guard plain.count - unsigned.count <= 1 else { return nil }
            return unsigned == "nan" ? .nan : plain.hasPrefix("-") ? -.infinity : .infinity
        }
        guard plain.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) || "+-.eE".unicodeScalars.contains($0) })
        else {
            return nil
        }
        return strictNumber(plain)
    }

    private func strictNumber(_ text: String) -> Double? {
        // "1." and ".5" are numbers to Python, and to strtod.
        var end: UnsafeMutablePointer<CChar>?
        return text.withCString { start in
            let value = strtod(start, &end)
            guard let end, end != start, end.pointee == 0 else { return nil }
            return value
        }
    }

    /// Single underscores may stand between digits.
    private func withoutUnderscores(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        guard text.contains("_") else { return text }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        for (left, right) in zip(parts, parts.dropFirst()) {
            guard left.last?.isHexDigit ?? false, right.first?.isHexDigit ?? false else { return nil }
        }
        return parts.joined()
    }

    private func rounded(_ value: Value, _ bound: BoundArguments) throws -> Value {
        let precision = try bound.integer(0) ?? 0
        let method = try bound.string(1) ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else {
            throw Fault.failed("round: method must be common, ceil or floor")
        }
        guard let number = value.asNumber else {
            throw Fault.failed("the filter 'round' needs a number, not \(value.typeName)")
        }
        guard precision.magnitude <= 300 else { throw Fault.failed("round: the precision is out of range") }
        guard method == "common" else {
            let factor = pow(10, Double(precision))
            let scaled = number * factor
            guard scaled.isFinite else { throw Fault.failed("cannot convert float \(pythonText(scaled)) to integer") }
            return .number(scaled.rounded(method == "ceil" ? .up : .down) / factor)
        }
        if let integer = value.asInteger {
            if precision >= 0 { return .integer(integer) }
            guard precision > -19, let factor = Int(exactly: pow(10, Double(-precision))) else { return .integer(0) }
            return .integer(try roundedHalfEven(integer, factor))
        }
        guard number.isFinite else { return .number(number) }
        if precision >= 0 { return .number(Double(String(format: "%.\(precision)f", number)) ?? number) }
        let factor = pow(10, Double(-precision))
        return .number((number / factor).rounded(.toNearestOrEven) * factor)
    }

    private func roundedHalfEven(_ value: Int, _ factor: Int) throws -> Int {
        let rest = try modulo(value, factor)
        let down = value.subtractingReportingOverflow(rest)
        let isUp = rest > factor - rest || rest == factor - rest && down.partialValue / factor % 2 != 0
        let result = isUp ? down.partialValue.addingReportingOverflow(factor) : down
        guard !down.overflow, !result.overflow else { throw Fault.failed("a whole number is too large for 64 bits") }
        return result.partialValue
    }
}
