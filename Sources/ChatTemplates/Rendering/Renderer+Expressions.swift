extension Renderer {
    func evaluate(_ expression: Expression) throws -> Value {
        try budget.step()
        switch expression {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .string(let text): return .string(text)
        case .name(let name, let line):
            self.line = line
            return frame.find(name.id) ?? global(name)
        default: return try nested { try evaluateNested(expression) }
        }
    }

    private func evaluateNested(_ expression: Expression) throws -> Value {
        switch expression {
        case .list(let values): return try .list(evaluate(values))
        case .tuple(let values): return try .tuple(evaluate(values))
        case .dict(let members): return try dict(members)
        case .attribute(let object, let name, let line): return try attribute(evaluate(object), name, line)
        case .item(let object, let key, let line): return try item(evaluate(object), evaluate(key), line)
        case .slice(let object, let start, let stop, let step, let line):
            return try slice(object, start, stop, step, line)
        case .call(let callee, let arguments, let line): return try call(callee, arguments, line)
        case .filter, .unknownFilter: return try filter(expression, of: nil)
        case .test(let operand, let test, let arguments, let line):
            let value = try evaluate(operand)
            let arguments = try evaluate(arguments)
            self.line = line
            return .bool(try self.test(value, test, arguments))
        case .unknownTest(let reason, let line):
            self.line = line
            throw Fault.failed(reason)
        case .not(let operand): return .bool(try !evaluate(operand).isTrue)
        case .negative(let operand): return try budget.negative(evaluate(operand))
        case .positive(let operand): return try budget.positive(evaluate(operand))
        case .all(let operands): return try junction(operands, endsAt: false)
        case .any(let operands): return try junction(operands, endsAt: true)
        case .arithmetic(let first, let rest, let line): return try arithmetic(first, rest, line)
        case .concatenation(let parts): return try concatenation(parts)
        case .comparison(let first, let rest, let line): return .bool(try comparison(first, rest, line))
        case .conditional(let condition, let value, let otherwise, let line):
            if try evaluate(condition).isTrue { return try evaluate(value) }
            guard let otherwise else {
                self.line = line
                return .undefined(
                    Undefined(.hint("the inline if-expression in line \(line) evaluated to false and has no else")))
            }
            return try evaluate(otherwise)
        default: return try evaluate(expression)
        }
    }

    func evaluate(_ expressions: [Expression]) throws -> [Value] {
        try budget.spend(elements: expressions.count)
        return try expressions.map { try evaluate($0) }
    }

    private func dict(_ members: [(key: Expression, value: Expression)]) throws -> Value {
        try budget.spend(elements: 2 * members.count)
        let dict = Dict()
        for member in members {
            let key = try evaluate(member.key)
            try dict.set(key, evaluate(member.value), budget)
        }
        return .dict(dict)
    }

    /// The first operand that decides, or the last.
    private func junction(_ operands: [Expression], endsAt end: Bool) throws -> Value {
        var value = Value.none
        for operand in operands {
            value = try evaluate(operand)
            if value.isTrue == end { break }
        }
        return value
    }

    private func arithmetic(
        _ first: Expression, _ rest: [(sign: ArithmeticSign, operand: Expression)], _ line: Int
    ) throws -> Value {
        var value = try evaluate(first)
        for (sign, operand) in rest {
            let right = try evaluate(operand)
            self.line = line
            value = try arithmetic(sign, value, right)
        }
        return value
    }

    private func concatenation(_ parts: [Expression]) throws -> Value {
        var result = ""
        for part in parts {
            let text = try text(of: evaluate(part))
            try budget.spend(bytes: text.utf8.count)
            result += text
        }
        return .string(result)
    }

    private func comparison(
        _ first: Expression, _ rest: [(sign: ComparisonSign, operand: Expression)], _ line: Int
    ) throws -> Bool {
        var left = try evaluate(first)
        for (sign, operand) in rest {
            let right = try evaluate(operand)
            self.line = line
            guard try compare(left, sign, right) else { return false }
            left = right
        }
        return true
    }

    func compare(_ left: Value, _ sign: ComparisonSign, _ right: Value) throws -> Bool {
        switch sign {
        case .equal: try budget.equal(left, right)
        case .notEqual: try !budget.equal(left, right)
        case .less: try budget.order(left, right, "<").map { $0 < 0 } ?? false
        case .lessOrEqual: try budget.order(left, right, "<=").map { $0 <= 0 } ?? false
        case .greater: try budget.order(left, right, ">").map { $0 > 0 } ?? false
        case .greaterOrEqual: try budget.order(left, right, ">=").map { $0 >= 0 } ?? false
        case .isIn: try budget.contains(right, left)
        case .notIn: try !budget.contains(right, left)
        }
    }
}
