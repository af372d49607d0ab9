extension Renderer {
    func evaluate(_ arguments: CallArguments) throws -> Arguments {
        if arguments.isEmpty { return .none }
        var values = Arguments()
        values.positional = try evaluate(arguments.positional)
        for (name, value) in arguments.named { values.named.append((name, try evaluate(value))) }
        if let list = arguments.unpackedList {
            let elements = try budget.elements(of: evaluate(list))
            try budget.spend(elements: elements.count)
            values.positional += elements
        }
        if let dict = arguments.unpackedDict {
            guard case .dict(let members) = try evaluate(dict) else {
                throw Fault.failed("what follows ** in a call must be a dict")
            }
            for (key, value) in zip(members.keys, members.values) {
                guard case .string(let name) = key else { throw Fault.failed("names of arguments must be strings") }
                try budget.spend(elements: values.named.count + 1)
                guard !values.named.contains(where: { same($0.name, name) }) else {
                    throw Fault.failed("the argument '\(name)' is given twice")
                }
                values.named.append((name, value))
            }
        }
        return values
    }

    func call(_ callee: Expression, _ arguments: CallArguments, _ line: Int) throws -> Value {
        let function = try evaluate(callee)
        let values = try evaluate(arguments)
        self.line = line
        let result = try call(function, values)
        self.line = line
        return result
    }

    func call(_ callee: Value, _ arguments: Arguments) throws -> Value {
        switch callee {
        case .function(let function): return try call(function, arguments)
        case .undefined(let undefined): throw Fault.failed(undefined.message)
        case .loop: throw Fault.failed("recursive loops are not supported")
        default: throw Fault.failed("'\(callee.typeName)' object is not callable")
        }
    }

    private func call(_ function: Function, _ arguments: Arguments) throws -> Value {
        switch function {
        case .string(let method, let text): return try call(method, of: text, arguments)
        case .dict(let method, let dict): return try call(method, of: dict, arguments)
        case .list(let method, let value): return try call(method, of: value, arguments)
        case .global(let function): return try call(function, arguments)
        case .macro(let macro): return .string(try nested { try call(macro, arguments) })
        case .loopCycle(let loop):
            guard !arguments.positional.isEmpty else { throw Fault.failed("no items for cycling given") }
            return arguments.positional[(loop.position - 1) % arguments.positional.count]
        case .loopChanged(let loop):
            if let last = loop.lastChanged, try budget.equal(.tuple(last), .tuple(arguments.positional)) {
                return .bool(false)
            }
            _ = try Elements(arguments.positional)
            try remember(arguments.positional, for: loop)
            return .bool(true)
        case .cycler(let cycler, let resets):
            let current = cycler.current
            cycler.position = resets ? 0 : (cycler.position + 1) % cycler.items.values.count
            return resets ? .none : current
        case .joiner(let joiner):
            defer { joiner.isUsed = true }
            return joiner.isUsed ? joiner.separator : .string("")
        }
    }

    private func call(_ macro: Function.Macro, _ arguments: Arguments) throws -> String {
        let definition = macro.definition
        let label = definition.name.map { "macro '\($0)'" } ?? "the body of a call block"
        var rest = arguments
        return try scoped(inside: macro.frame) {
            var missing: [MacroDefinition.Parameter] = []
            for (index, parameter) in definition.parameters.enumerated() {
                let given =
                    index < arguments.positional.count ? arguments.positional[index] : rest.take(parameter.name.text)
                if let given { frame.set(parameter.name.id, given) } else { missing.append(parameter) }
            }
            if let name = definition.extras.caller {
                let caller = rest.take("caller") ?? .undefined(Undefined(.hint("No caller defined")))
                frame.set(name.id, caller)
            }
            if let name = definition.extras.kwargs {
                let dict = Dict()
                for (name, value) in rest.named { try dict.set(name, value) }
                frame.set(name.id, .dict(dict))
            } else if let (name, _) = rest.named.first {
                throw Fault.failed("\(label) takes no keyword argument '\(name)'")
            }
            if let name = definition.extras.varargs {
                frame.set(name.id, try .tuple(Array(arguments.positional.dropFirst(definition.parameters.count))))
            } else if arguments.positional.count > definition.parameters.count {
                throw Fault.failed("\(label) takes not more than \(definition.parameters.count) argument(s)")
            }
            for parameter in missing {
                let hint = Undefined(.hint("parameter '\(parameter.name.text)' was not provided"))
                frame.set(parameter.name.id, try parameter.standard.map { try evaluate($0) } ?? .undefined(hint))
            }
            return try captured { _ = try execute(definition.body) }
        }
    }

    // MARK: Filters

    /// A filter's value, or a filter block's, whose innermost operand is the block's text.
    func filter(_ expression: Expression, of text: Value?) throws -> Value {
        switch expression {
        case .filter(let operand, let filter, let arguments, let line):
            let value: Value
            switch operand {
            case nil: value = text ?? .string("")
            case .some(let operand) where text != nil: value = try nested { try self.filter(operand, of: text) }
            case .some(let operand): value = try evaluate(operand)
            }
            let arguments = try evaluate(arguments)
            self.line = line
            return try apply(filter, to: value, arguments)
        case .unknownFilter(let reason, let line):
            self.line = line
            throw Fault.failed(reason)
        default: return try evaluate(expression)
        }
    }
}
