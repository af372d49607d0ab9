import Basics

/// What stands behind a value: attributes, items, calls, filters and tests.
extension Parser {
    mutating func postfix(_ value: Expression) throws(ChatTemplateError) -> Expression {
        var value = value
        for _ in 0..<Self.longestPostfix {
            let line = line
            switch token.kind {
            case .sign(.dot):
                skip()
                switch token.kind {
                case .name(let name): value = .attribute(value, name, line: line)
                case .integer(let index): value = .item(value, .integer(index), line: line)
                default: throw failure("a name or a number is expected instead of \(token.summary)")
                }
                skip()
            case .sign(.leftBracket): value = try subscripted(value)
            case .sign(.leftParenthesis): value = .call(value, try callArguments(), line: line)
            default: return value
            }
        }
        throw failure("too many attributes and calls in a row")
    }

    mutating func filtersAndTests(_ value: Expression) throws(ChatTemplateError) -> Expression {
        var value = value
        for _ in 0..<Self.longestPostfix {
            if at(.pipe) {
                value = try filters(of: value, startsInline: false)
            } else if at(word: "is") {
                value = try test(of: value)
            } else if at(.leftParenthesis) {
                let line = line
                value = .call(value, try callArguments(), line: line)
            } else {
                return value
            }
        }
        throw failure("too many filters and tests in a row")
    }

    private mutating func subscripted(_ value: Expression) throws(ChatTemplateError) -> Expression {
        let line = line
        skip()
        var start: Expression?
        if !at(.colon) {
            if take(.rightBracket) { return .item(value, .tuple([]), line: line) }
            let index = try expression()
            if at(.comma) {
                var indices = [index]
                while take(.comma), !at(.rightBracket) { indices.append(try expression()) }
                try expect(.rightBracket)
                return .item(value, .tuple(indices), line: line)
            }
            if take(.rightBracket) { return .item(value, index, line: line) }
            start = index
        }
        try expect(.colon)
        let stop = at(.colon) || at(.rightBracket) ? nil : try expression()
        let step = take(.colon) && !at(.rightBracket) ? try expression() : nil
        try expect(.rightBracket)
        return .slice(value, start: start, stop: stop, step: step, line: line)
    }

    mutating func callArguments() throws(ChatTemplateError) -> CallArguments {
        let line = line
        var arguments = CallArguments()
        func misplaced() -> ChatTemplateError { failure("the arguments of a call are in a wrong order", line: line) }
        try expect(.leftParenthesis)
        while !at(.rightParenthesis) {
            guard arguments.positional.count + arguments.named.count < Self.mostArguments else {
                throw failure("a call has too many arguments", line: line)
            }
            if !arguments.isEmpty {
                try expect(.comma)
                if at(.rightParenthesis) { break }
            }
            if take(.multiply) {
                guard arguments.unpackedList == nil, arguments.unpackedDict == nil else { throw misplaced() }
                arguments.unpackedList = try expression()
            } else if take(.power) {
                guard arguments.unpackedDict == nil else { throw misplaced() }
                arguments.unpackedDict = try expression()
            } else if case .name(let name) = token.kind, next == .sign(.assign) {
                guard arguments.unpackedDict == nil else { throw misplaced() }
                guard !arguments.named.contains(where: { same($0.name, name) }) else {
                    throw failure("the argument '\(printable(name, limit: 60))' is given twice")
                }
                skip(2)
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.unpackedList == nil, arguments.unpackedDict == nil, arguments.named.isEmpty else {
                    throw misplaced()
                }
                arguments.positional.append(try expression())
            }
        }
        skip()
        return arguments
    }

    private mutating func dottedName() throws(ChatTemplateError) -> String {
        var name = try expectName()
        while take(.dot) { name += "." + (try expectName()) }
        return name
    }

    /// - Parameter startsInline: a filter block's first filter has no `|`.
    mutating func filters(of value: Expression?, startsInline: Bool) throws(ChatTemplateError) -> Expression {
        var value = value
        var count = 0
        repeat {
            if !startsInline || count > 0 { try expect(.pipe) }
            count += 1
            guard count <= Self.longestPostfix else { throw failure("too many filters in a row") }
            let line = line
            let name = try dottedName()
            let arguments = at(.leftParenthesis) ? try callArguments() : CallArguments()
            if let filter = Filter(rawValue: name) {
                value = .filter(value, filter, arguments, line: line)
            } else {
                let reason = "there is no filter '\(printable(name, limit: 60))'"
                unknown.append((line, reason))
                value = .unknownFilter(reason, line: line)
            }
        } while at(.pipe)
        // The loop's body ran.
        return value ?? .none
    }

    private mutating func test(of value: Expression) throws(ChatTemplateError) -> Expression {
        let line = line
        skip()
        let isNegated = take(word: "not")
        let name = try dottedName()
        var arguments = CallArguments()
        if at(.leftParenthesis) {
            arguments = try callArguments()
        } else if startsOperand {
            if at(word: "is") { throw failure("tests cannot be chained with 'is'") }
            arguments.positional = [try nested { (parser) throws(ChatTemplateError) in try parser.testOperand() }]
        }
        let result: Expression
        if let test = Test(rawValue: name) {
            result = .test(value, test, arguments, line: line)
        } else {
            let reason = "there is no test '\(printable(name, limit: 60))'"
            unknown.append((line, reason))
            result = .unknownTest(reason, line: line)
        }
        return isNegated ? .not(result) : result
    }

    private var startsOperand: Bool {
        switch token.kind {
        case .name: !at(anyOf: ["else", "or", "and"])
        case .string, .integer, .number, .sign(.leftBracket), .sign(.leftBrace): true
        default: false
        }
    }
}
