/// Finds out from a template's tree whether it goes through a message's `content` as a list of parts.
///
/// Names are followed without regard to order: what is assigned from `messages`, or walks through it, is a message (or a list of
/// them); what is assigned from a message's content, or handed to a macro, is content. A loop over content tells.
struct ContentUse {
    private enum Role { case messages, message, content }

    private var roles: [Int: Set<Role>] = [:]
    private var macros: [Int: MacroDefinition] = [:]
    private var hasChanged = true
    private var loopsOverContent = false

    static func wantsParts(_ statements: [Statement]) -> Bool {
        var use = ContentUse()
        // A template whose names wander further than that is not one that anybody wrote.
        for _ in 0..<8 where use.hasChanged && !use.loopsOverContent {
            use.hasChanged = false
            use.visit(statements)
        }
        return use.loopsOverContent
    }

    // MARK: What an expression holds

    private func roles(of expression: Expression) -> Set<Role> {
        switch expression {
        case .name(let name, _): name.text == "messages" ? [.messages] : roles[name.id] ?? []
        case .filter(let operand?, let filter, _, _):
            // Others, such as tojson and trim, make a text.
            [.list, .reverse, .default, .d, .selectattr, .rejectattr, .select, .reject].contains(filter)
                ? roles(of: operand) : []
        case .slice(let object, _, _, _, _): roles(of: object).subtracting([.message])
        case .attribute(let object, "content", _), .item(let object, .string("content"), _):
            roles(of: object).contains(.message) ? [.content] : []
        case .item(let object, _, _): roles(of: object).contains(.messages) ? [.message] : []
        case .conditional(_, let value, let otherwise, _): roles(of: value).union(otherwise.map(roles(of:)) ?? [])
        case .any(let operands), .all(let operands): operands.reduce(into: []) { $0.formUnion(roles(of: $1)) }
        default: []
        }
    }

    private mutating func give(_ found: Set<Role>, to name: Name) {
        guard !found.isSubset(of: roles[name.id] ?? []) else { return }
        roles[name.id, default: []].formUnion(found)
        hasChanged = true
    }

    private mutating func give(_ found: Set<Role>, to target: Target) {
        if case .name(let name) = target { give(found, to: name) }
    }

    // MARK: The tree

    private mutating func visit(_ statements: [Statement]) {
        for statement in statements { visit(statement) }
    }

    private mutating func visit(_ statement: Statement) {
        switch statement {
        case .text, .breakLoop, .continueLoop: break
        case .output(let expression, _): visit(expression)
        case .branch(let branches, let otherwise, _):
            for (condition, body) in branches {
                visit(condition)
                visit(body)
            }
            visit(otherwise)
        case .loop(let loop, _):
            visit(loop.sequence)
            let walked = roles(of: loop.sequence)
            if walked.contains(.content) { loopsOverContent = true }
            if walked.contains(.messages) { give([.message], to: loop.target) }
            visit(loop.body)
            visit(loop.otherwise)
        case .assign(let target, let expression, _):
            visit(expression)
            give(roles(of: expression), to: target)
        case .assignBlock(_, _, let body, _), .filterBlock(_, let body, _), .generation(let body, _): visit(body)
        case .macro(let name, let definition, _):
            if macros.updateValue(definition, forKey: name.id) == nil { hasChanged = true }
            visit(definition.body)
        case .callBlock(let callee, let arguments, let definition, let line):
            visit(.call(callee, arguments, line: line))
            visit(definition.body)
        case .with(let values, let body, _):
            for (target, value) in values { give(roles(of: value), to: target) }
            visit(body)
        }
    }

    /// Looks for calls of macros.
    private mutating func visit(_ expression: Expression) {
        switch expression {
        case .call(let callee, let arguments, _):
            visit(callee)
            for argument in arguments.positional { visit(argument) }
            for argument in arguments.named { visit(argument.value) }
            guard case .name(let name, _) = callee, let macro = macros[name.id] else { return }
            for (parameter, argument) in zip(macro.parameters, arguments.positional) {
                give(roles(of: argument), to: parameter.name)
            }
            for (name, argument) in arguments.named {
                let parameter = macro.parameters.first { $0.name.text == name }
                if let parameter { give(roles(of: argument), to: parameter.name) }
            }
        case .filter(let operand, _, _, _): if let operand { visit(operand) }
        case .test(let operand, _, _, _), .not(let operand), .attribute(let operand, _, _), .item(let operand, _, _),
            .slice(let operand, _, _, _, _):
            visit(operand)
        case .all(let operands), .any(let operands), .concatenation(let operands), .list(let operands),
            .tuple(let operands):
            for operand in operands { visit(operand) }
        case .arithmetic(let first, let rest, _):
            visit(first)
            for (_, operand) in rest { visit(operand) }
        case .conditional(let condition, let value, let otherwise, _):
            visit(condition)
            visit(value)
            if let otherwise { visit(otherwise) }
        default: break
        }
    }
}
