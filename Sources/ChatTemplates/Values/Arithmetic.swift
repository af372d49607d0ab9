import Foundation

/// Python's arithmetic, in 64 bits: a larger whole number is an error.
extension Renderer {
    func arithmetic(_ sign: ArithmeticSign, _ left: Value, _ right: Value) throws -> Value {
        if case .undefined(let undefined) = left { throw Fault.failed(undefined.message) }
        switch (sign, left, right) {
        case (.modulo, .string(let pattern), _): return .string(try format(pattern, percent: right))
        case (_, _, .undefined(let undefined)): throw Fault.failed(undefined.message)
        case (.add, .string(let left), .string(let right)):
            try budget.spend(bytes: left.utf8.count + right.utf8.count)
            return .string(left + right)
        case (.add, .list(let left), .list(let right)):
            try budget.spend(elements: left.values.count + right.values.count)
            return try .list(left.values + right.values)
        case (.add, .tuple(let left), .tuple(let right)):
            try budget.spend(elements: left.values.count + right.values.count)
            return try .tuple(left.values + right.values)
        default: break
        }
        if sign == .multiply, let repeated = try repeated(left, right) ?? repeated(right, left) { return repeated }
        if let left = left.asInteger, let right = right.asInteger { return try integers(sign, left, right) }
        guard let first = left.asNumber, let second = right.asNumber else {
            throw Fault.failed("'\(sign.rawValue)' cannot be applied to \(left.typeName) and \(right.typeName)")
        }
        return .number(try numbers(sign, first, second))
    }

    private func repeated(_ value: Value, _ count: Value) throws -> Value? {
        guard let count = count.asInteger else { return nil }
        func spend(_ size: Int) throws {
            let (bytes, overflow) = size.multipliedReportingOverflow(by: max(count, 0))
            try budget.spend(bytes: overflow ? .max : bytes)
        }
        func copies(_ values: [Value]) throws -> [Value] {
            try spend(32 * values.count)
            return (0..<max(count, 0)).flatMap { _ in values }
        }
        switch value {
        case .string(let text):
            try spend(text.utf8.count)
            return .string(text.isEmpty ? "" : String(repeating: text, count: max(count, 0)))
        case .list(let elements):
            return .list(elements.with(elements.values.isEmpty ? [] : try copies(elements.values)))
        case .tuple(let elements):
            return .tuple(elements.with(elements.values.isEmpty ? [] : try copies(elements.values)))
        default: return nil
        }
    }

    private func integers(_ sign: ArithmeticSign, _ a: Int, _ b: Int) throws -> Value {
        func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> Value {
            guard !result.overflow else { throw Fault.failed("a whole number is too large for 64 bits") }
            return .integer(result.partialValue)
        }
        switch sign {
        case .add: return try checked(a.addingReportingOverflow(b))
        case .subtract: return try checked(a.subtractingReportingOverflow(b))
        case .multiply: return try checked(a.multipliedReportingOverflow(by: b))
        case .divide: return .number(try numbers(.divide, Double(a), Double(b)))
        case .floorDivide:
            guard b != 0 else { throw Fault.failed("integer division or modulo by zero") }
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            let isRounded = !overflow && a % b != 0 && (a < 0) != (b < 0)
            return try checked((isRounded ? quotient - 1 : quotient, overflow))
        case .modulo: return .integer(try modulo(a, b))
        case .power:
            if b < 0 {
                guard a != 0 else { throw Fault.failed("0 cannot be raised to a negative power") }
                return .number(pow(Double(a), Double(b)))
            }
            return try checked(power(a, b))
        }
    }

    func modulo(_ a: Int, _ b: Int) throws -> Int {
        guard b != 0 else { throw Fault.failed("integer division or modulo by zero") }
        let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }

    private func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        var (result, square, left) = (1, base, exponent)
        while left > 0 {
            if left & 1 == 1 {
                let (product, overflow) = result.multipliedReportingOverflow(by: square)
                if overflow { return (0, true) }
                result = product
            }
            left >>= 1
            if left > 0 {
                let (product, overflow) = square.multipliedReportingOverflow(by: square)
                if overflow { return (0, true) }
                square = product
            }
        }
        return (result, false)
    }

    private func numbers(_ sign: ArithmeticSign, _ a: Double, _ b: Double) throws -> Double {
        switch sign {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        case .divide:
            guard b != 0 else { throw Fault.failed("division by zero") }
            return a / b
        case .floorDivide:
            guard b != 0 else { throw Fault.failed("float floor division by zero") }
            let rest = floatModulo(a, b)
            let quotient = (a - rest) / b
            let down = quotient.rounded(.down)
            return quotient - down > 0.5 ? down + 1 : down == 0 ? Double(signOf: a / b, magnitudeOf: 0) : down
        case .modulo:
            guard b != 0 else { throw Fault.failed("float modulo") }
            return floatModulo(a, b)
        case .power:
            if a == 0, b < 0 { throw Fault.failed("0.0 cannot be raised to a negative power") }
            if a < 0, a.isFinite, b.isFinite, b.rounded() != b {
                throw Fault.failed("complex numbers are not supported")
            }
            let result = pow(a, b)
            if result.isInfinite, a.isFinite, b.isFinite { throw Fault.failed("a number is too large") }
            return result
        }
    }

    /// The sign is the divisor's.
    private func floatModulo(_ a: Double, _ b: Double) -> Double {
        let rest = fmod(a, b)
        if rest == 0 { return Double(signOf: b, magnitudeOf: 0) }
        return (rest < 0) != (b < 0) ? rest + b : rest
    }
}

extension Budget {
    func negative(_ value: Value) throws -> Value {
        if let integer = value.asInteger {
            guard integer != .min else { throw Fault.failed("a whole number is too large for 64 bits") }
            return .integer(-integer)
        }
        return .number(-(try operand(of: "-", value)))
    }

    func positive(_ value: Value) throws -> Value {
        if let integer = value.asInteger { return .integer(integer) }
        return .number(try operand(of: "+", value))
    }

    private func operand(of sign: String, _ value: Value) throws -> Double {
        switch value {
        case .number(let number): return number
        case .undefined(let undefined): throw Fault.failed(undefined.message)
        default: throw Fault.failed("'\(sign)' cannot be applied to \(value.typeName)")
        }
    }
}

extension IntegerRange {
    /// - Throws: where the step is 0, or the range longer than Jinja's sandbox allows.
    init(start: Int, stop: Int, step: Int) throws {
        guard step != 0 else { throw Fault.failed("range() arg 3 must not be zero") }
        let isEmpty = step > 0 ? start >= stop : start <= stop
        let distance = stop.subtractingReportingOverflow(start)
        // A distance beyond 64 bits is long whatever the step below this one.
        let steps = distance.overflow ? UInt.max : distance.partialValue.magnitude
        let count = isEmpty ? 0 : (steps - 1) / step.magnitude + 1
        guard count <= Self.longest else {
            throw Fault.failed("range too big: ranges longer than \(Self.longest) are not allowed")
        }
        self.init(start: start, stop: stop, step: step, count: Int(count))
    }

    func part(_ slice: Slice) throws -> IntegerRange {
        let (step, stepOverflow) = step.multipliedReportingOverflow(by: slice.step)
        let (offset, offsetOverflow) = self.step.multipliedReportingOverflow(by: slice.start)
        let (start, startOverflow) = self.start.addingReportingOverflow(offset)
        let (length, lengthOverflow) = step.multipliedReportingOverflow(by: slice.count)
        let (stop, stopOverflow) = start.addingReportingOverflow(length)
        guard !stepOverflow, !offsetOverflow, !startOverflow, !lengthOverflow, !stopOverflow else {
            throw Fault.failed("a whole number is too large for 64 bits")
        }
        return IntegerRange(start: start, stop: stop, step: step, count: slice.count)
    }
}
