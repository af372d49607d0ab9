extension Renderer {
    func execute(_ statements: [Statement]) throws -> Flow {
        for statement in statements {
            let flow = try execute(statement)
            if flow != .on { return flow }
        }
        return .on
    }

    private func execute(_ statement: Statement) throws -> Flow {
        try budget.step()
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression, let line):
            self.line = line
            try write(text(of: evaluate(expression)))
        case .branch(let branches, let otherwise, let line):
            self.line = line
            return try nested { try branch(branches, otherwise) }
        case .loop(let loop, let line):
            self.line = line
            return try nested { try run(loop) }
        case .assign(let target, let expression, let line):
            self.line = line
            try assign(target, evaluate(expression))
        case .assignBlock(let target, let filter, let body, let line):
            self.line = line
            let text = try nested { try block(body, filter) }
            try assign(target, text)
        case .macro(let name, let definition, _):
            frame.set(name.id, .function(.macro(try makeMacro(definition))))
        case .callBlock(let callee, let arguments, let definition, let line):
            self.line = line
            try write(nested { try callBlock(callee, arguments, definition) })
        case .filterBlock(let filter, let body, let line):
            self.line = line
            try write(text(of: nested { try block(body, filter) }))
        case .with(let values, let body, let line):
            self.line = line
            return try nested { try with(values, body) }
        case .generation(let body, let line):
            self.line = line
            _ = try nested { try scoped { try execute(body) } }
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .on
    }

    private func branch(
        _ branches: [(condition: Expression, body: [Statement])], _ otherwise: [Statement]
    ) throws -> Flow {
        for (condition, body) in branches where try evaluate(condition).isTrue { return try execute(body) }
        return try execute(otherwise)
    }

    private func with(_ values: [(target: Target, value: Expression)], _ body: [Statement]) throws -> Flow {
        let values = try values.map { ($0.target, try evaluate($0.value)) }
        return try scoped {
            for (target, value) in values { try assign(target, value) }
            return try execute(body)
        }
    }

    /// The text of a body, through its filters where it has some.
    private func block(_ body: [Statement], _ filter: Expression?) throws -> Value {
        try scoped {
            let text = try captured { _ = try execute(body) }
            guard let filter else { return .string(text) }
            return try self.filter(filter, of: .string(text))
        }
    }

    private func callBlock(_ callee: Expression, _ arguments: CallArguments, _ body: MacroDefinition) throws -> String {
        let function = try evaluate(callee)
        var values = try evaluate(arguments)
        values.named.append(("caller", .function(.macro(try makeMacro(body)))))
        return try text(of: call(function, values))
    }

    // MARK: Loops

    private func run(_ statement: LoopStatement) throws -> Flow {
        let sequence = try evaluate(statement.sequence)
        let values = try budget.elements(of: sequence)
        let outer = frame
        let accepts = statement.condition.map { condition in
            { [unowned self] (value: Value) throws -> Bool in
                let current = self.frame
                self.frame = outer
                defer { self.frame = current }
                return try self.scoped {
                    try self.assign(statement.target, value)
                    return try self.evaluate(condition).isTrue
                }
            }
        }
        let loop = try Loop(values, depth: sequence.depth, accepts: accepts)
        defer { frame = outer }
        var inner = Frame(inside: outer)
        var hasCompleted = false
        while let value = try loop.advance() {
            try budget.step()
            if inner.isCaptured { inner = Frame(inside: outer) } else { inner.removeAll() }
            frame = inner
            if let loopName { frame.set(loopName, .loop(loop)) }
            try assign(statement.target, value)
            let flow = try execute(statement.body)
            if flow == .on { hasCompleted = true }
            if flow == .breakLoop { break }
        }
        // As in Jinja: also where no pass came to its end.
        guard !hasCompleted, !statement.otherwise.isEmpty else { return .on }
        frame = outer
        return try scoped { try execute(statement.otherwise) }
    }

    // MARK: Targets

    func assign(_ target: Target, _ value: Value) throws {
        switch target {
        case .name(let name): frame.set(name.id, value)
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace) = frame.find(name.id) else {
                throw Fault.failed(
                    "'\(name.text)' is no namespace, so that nothing can be assigned to '\(attribute)' of it")
            }
            try setAttribute(attribute, of: namespace, value)
        case .tuple(let targets):
            let values = try budget.elements(of: value)
            guard values.count == targets.count else {
                throw Fault.failed("\(values.count) values cannot be assigned to \(targets.count) names")
            }
            for (target, value) in zip(targets, values) { try assign(target, value) }
        }
    }

    func setAttribute(_ name: String, of namespace: Namespace, _ value: Value) throws {
        guard !name.hasPrefix("_") else { throw Fault.failed("a namespace cannot have '\(name)', for its underscore") }
        try budget.spend(bytes: namespace.attributes.count + 64)
        namespace.set(name, value)
    }
}
