import Basics

/// Expressions, from what binds least to what binds most.
extension Parser {
    mutating func expression(withConditional: Bool = true) throws(ChatTemplateError) -> Expression {
        try nested { (parser) throws(ChatTemplateError) in
            withConditional ? try parser.conditional() : try parser.any()
        }
    }

    /// One expression, or several with commas between them.
    mutating func tuple(
        withConditional: Bool = true, inParentheses: Bool = false
    ) throws(ChatTemplateError) -> Expression {
        var values: [Expression] = []
        var isTuple = false
        while true {
            if token.kind == .variableEnd || token.kind == .blockEnd || at(.rightParenthesis) { break }
            values.append(try expression(withConditional: withConditional))
            guard take(.comma) else { break }
            isTuple = true
        }
        if isTuple { return .tuple(values) }
        if let first = values.first { return first }
        guard inParentheses else { throw failure("an expression is expected instead of \(token.summary)") }
        return .tuple([])
    }

    private mutating func conditional() throws(ChatTemplateError) -> Expression {
        let known = unknown.count
        var value = try any()
        var chained = 0
        while at(word: "if") {
            let line = line
            skip()
            chained += 1
            guard chained <= Self.longestPostfix else { throw failure("too many conditions in a row") }
            let condition = try any()
            var otherwise: Expression?
            if take(word: "else") {
                otherwise = try nested { (parser) throws(ChatTemplateError) in try parser.conditional() }
            }
            unknown.removeSubrange(known...)
            value = .conditional(condition, then: value, else: otherwise, line: line)
        }
        return value
    }

    private mutating func any() throws(ChatTemplateError) -> Expression {
        var parts = [try all()]
        while take(word: "or") { parts.append(try all()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func all() throws(ChatTemplateError) -> Expression {
        var parts = [try negation()]
        while take(word: "and") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func negation() throws(ChatTemplateError) -> Expression {
        guard take(word: "not") else { return try comparison() }
        return .not(try nested { (parser) throws(ChatTemplateError) in try parser.negation() })
    }

    private mutating func comparison() throws(ChatTemplateError) -> Expression {
        let line = line
        let first = try sum()
        var rest: [(sign: ComparisonSign, operand: Expression)] = []
        while let sign = comparisonSign() { rest.append((sign, try sum())) }
        return rest.isEmpty ? first : .comparison(first, rest, line: line)
    }

    private mutating func comparisonSign() -> ComparisonSign? {
        if case .sign(let sign) = token.kind {
            guard let comparison = ComparisonSign(rawValue: sign.rawValue) else { return nil }
            skip()
            return comparison
        }
        if take(word: "in") { return .isIn }
        guard at(word: "not"), next == .name("in") else { return nil }
        skip(2)
        return .notIn
    }

    private mutating func arithmetic(
        _ signs: [Token.Sign], _ operand: (inout Parser) throws(ChatTemplateError) -> Expression
    ) throws(ChatTemplateError) -> Expression {
        let line = line
        let first = try operand(&self)
        var rest: [(sign: ArithmeticSign, operand: Expression)] = []
        while case .sign(let sign) = token.kind, signs.contains(sign),
            let arithmetic = ArithmeticSign(rawValue: sign.rawValue)
        {
            skip()
            rest.append((arithmetic, try operand(&self)))
        }
        return rest.isEmpty ? first : .arithmetic(first, rest, line: line)
    }

    private mutating func sum() throws(ChatTemplateError) -> Expression {
        try arithmetic([.add, .subtract]) { (parser) throws(ChatTemplateError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(ChatTemplateError) -> Expression {
        var parts = [try product()]
        while take(.tilde) { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : .concatenation(parts)
    }

    private mutating func product() throws(ChatTemplateError) -> Expression {
        try arithmetic([.multiply, .divide, .floorDivide, .modulo]) { (parser) throws(ChatTemplateError) in
            try parser.arithmetic([.power]) { (parser) throws(ChatTemplateError) in try parser.unary() }
        }
    }

    /// A sign binds more than a filter behind it, and less than what is attached to its operand.
    private mutating func unary(withFilters: Bool = true) throws(ChatTemplateError) -> Expression {
        var value: Expression
        if take(.subtract) {
            value = .negative(try nested { (parser) throws(ChatTemplateError) in try parser.unary(withFilters: false) })
        } else if take(.add) {
            value = .positive(try nested { (parser) throws(ChatTemplateError) in try parser.unary(withFilters: false) })
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return withFilters ? try filtersAndTests(value) : value
    }

    /// What a test is given without parentheses: `x is divisibleby 3`.
    mutating func testOperand() throws(ChatTemplateError) -> Expression { try postfix(try primary()) }

    private mutating func primary() throws(ChatTemplateError) -> Expression {
        let line = line
        switch token.kind {
        case .name(let text):
            skip()
            switch text {
            case "true", "True": return .bool(true)
            case "false", "False": return .bool(false)
            case "none", "None": return .none
            default: return .name(usedName(text), line: line)
            }
        case .string(var text):
            skip()
            while case .string(let more) = token.kind {
                text += more
                skip()
            }
            return .string(text)
        case .integer(let value):
            skip()
            return .integer(value)
        case .number(let value):
            skip()
            return .number(value)
        case .sign(.leftParenthesis):
            skip()
            let value = try tuple(inParentheses: true)
            try expect(.rightParenthesis)
            return value
        case .sign(.leftBracket): return .list(try items(closedBy: .rightBracket))
        case .sign(.leftBrace): return try dict()
        default: throw failure("an expression is expected instead of \(token.summary)")
        }
    }

    private mutating func items(closedBy sign: Token.Sign) throws(ChatTemplateError) -> [Expression] {
        skip()
        var values: [Expression] = []
        while !at(sign) {
            if !values.isEmpty {
                try expect(.comma)
                if at(sign) { break }
            }
            values.append(try expression())
        }
        skip()
        return values
    }

    private mutating func dict() throws(ChatTemplateError) -> Expression {
        skip()
        var members: [(key: Expression, value: Expression)] = []
        while !at(.rightBrace) {
            if !members.isEmpty {
                try expect(.comma)
                if at(.rightBrace) { break }
            }
            let key = try expression()
            try expect(.colon)
            members.append((key, try expression()))
        }
        skip()
        return .dict(members)
    }
}
