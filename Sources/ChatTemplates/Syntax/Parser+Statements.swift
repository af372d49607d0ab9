/// The statements that have a body or a target.
extension Parser {
    mutating func branch() throws(ChatTemplateError) -> Statement {
        let line = line
        var branches: [(condition: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        while true {
            skip()
            let condition = try tuple(withConditional: false)
            branches.append((condition, try conditionalBody(until: ["elif", "else", "endif"])))
            if at(word: "elif") { continue }
            if take(word: "else") { otherwise = try conditionalBody(until: ["endif"]) }
            skip()
            return .branch(branches, otherwise: otherwise, line: line)
        }
    }

    /// What is not sure to be carried out may name filters that do not exist.
    private mutating func conditionalBody(until words: [String]) throws(ChatTemplateError) -> [Statement] {
        let known = unknown.count
        let body = try body(until: words)
        unknown.removeSubrange(known...)
        return body
    }

    mutating func loop() throws(ChatTemplateError) -> Statement {
        let line = line
        skip()
        let target = try target()
        try expect(word: "in")
        let sequence = try tuple(withConditional: false)
        let condition = take(word: "if") ? try expression() : nil
        if at(word: "recursive") { throw failure("recursive loops are not supported") }
        loops += 1
        let body = try body(until: ["else", "endfor"])
        loops -= 1
        let otherwise = take(word: "else") ? try self.body(until: ["endfor"]) : []
        skip()
        return .loop(
            LoopStatement(target: target, sequence: sequence, condition: condition, body: body, otherwise: otherwise),
            line: line)
    }

    mutating func assignment() throws(ChatTemplateError) -> Statement {
        let line = line
        skip()
        let target = try target(withAttributes: true)
        if take(.assign) { return .assign(target, try tuple(), line: line) }
        let filter = at(.pipe) ? try filters(of: nil, startsInline: false) : nil
        return .assignBlock(target, filter: filter, try body(closedBy: "endset"), line: line)
    }

    mutating func with() throws(ChatTemplateError) -> Statement {
        let line = line
        skip()
        var values: [(target: Target, value: Expression)] = []
        while token.kind != .blockEnd {
            if !values.isEmpty { try expect(.comma) }
            let target = try target()
            try expect(.assign)
            values.append((target, try expression()))
        }
        return .with(values, try body(closedBy: "endwith"), line: line)
    }

    mutating func macro() throws(ChatTemplateError) -> Statement {
        let line = line
        skip()
        let name = name(try expectName())
        let definition = try definition(name: name.text, closedBy: "endmacro")
        return .macro(name, definition, line: line)
    }

    mutating func callBlock() throws(ChatTemplateError) -> Statement {
        let line = line
        skip()
        let parameters = at(.leftParenthesis) ? try signature() : []
        guard case .call(let callee, let arguments, _) = try expression() else {
            throw failure("'call' needs the call of a macro", line: line)
        }
        let definition = try definition(name: nil, parameters, closedBy: "endcall")
        return .callBlock(callee, arguments, definition, line: line)
    }

    private mutating func definition(
        name: String?, _ parameters: [MacroDefinition.Parameter]? = nil, closedBy word: String
    ) throws(ChatTemplateError) -> MacroDefinition {
        let signature = if let parameters { parameters } else { try self.signature() }
        let outer = loops
        loops = 0
        extras.append(MacroDefinition.Extras())
        let body = try body(closedBy: word)
        var extras = extras.removeLast()
        loops = outer
        for parameter in signature {
            switch parameter.name.text {
            case "caller":
                guard extras.caller == nil || parameter.standard != nil else {
                    throw failure("a parameter named 'caller' needs a default")
                }
                extras.caller = nil
            case "varargs": extras.varargs = nil
            case "kwargs": extras.kwargs = nil
            default: break
            }
        }
        return MacroDefinition(name: name, parameters: signature, extras: extras, body: body)
    }

    private mutating func signature() throws(ChatTemplateError) -> [MacroDefinition.Parameter] {
        var parameters: [MacroDefinition.Parameter] = []
        try expect(.leftParenthesis)
        while !at(.rightParenthesis) {
            guard parameters.count < Self.mostArguments else { throw failure("a macro has too many parameters") }
            if !parameters.isEmpty { try expect(.comma) }
            let name = name(try expectName())
            let standard = take(.assign) ? try expression() : nil
            if standard == nil, parameters.last?.standard != nil {
                throw failure("a parameter without a default follows one that has one")
            }
            parameters.append(MacroDefinition.Parameter(name: name, standard: standard))
        }
        skip()
        return parameters
    }

    // MARK: Targets

    /// One target, or several with commas between them.
    private mutating func target(withAttributes: Bool = false) throws(ChatTemplateError) -> Target {
        var targets: [Target] = []
        var isTuple = false
        while true {
            if token.kind == .blockEnd || at(.rightParenthesis) || at(.assign) && isTuple { break }
            targets.append(try singleTarget(withAttributes))
            guard take(.comma) else { break }
            isTuple = true
        }
        guard let first = targets.first else { throw failure("a name is expected instead of \(token.summary)") }
        return isTuple ? .tuple(targets) : first
    }

    private mutating func singleTarget(_ withAttributes: Bool) throws(ChatTemplateError) -> Target {
        if take(.leftParenthesis) {
            let target = try nested { (parser) throws(ChatTemplateError) in
                try parser.target(withAttributes: withAttributes)
            }
            try expect(.rightParenthesis)
            return target
        }
        let text = try expectName()
        if ["true", "false", "none", "True", "False", "None"].contains(text) {
            throw failure("nothing can be assigned to '\(text)'")
        }
        guard withAttributes, take(.dot) else { return .name(name(text)) }
        return .attribute(usedName(text), try expectName())
    }
}
