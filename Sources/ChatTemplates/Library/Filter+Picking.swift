extension Renderer {
    /// `map`, `select` and their kin, which are named a filter, a test or an attribute.
    func pickingFilter(_ filter: Filter, _ value: Value, _ arguments: Arguments) throws -> Value {
        guard value.isTrue else { return .iterator(Iteration(.none)) }
        let elements = try budget.elements(of: value)
        try budget.spend(elements: elements.count)
        let results =
            filter == .map
            ? try mapped(elements, arguments)
            : try selected(
                elements, arguments, byAttribute: filter == .selectattr || filter == .rejectattr,
                keeping: filter == .select || filter == .selectattr)
        return .iterator(Iteration(try Elements(results)))
    }

    private func mapped(_ elements: [Value], _ arguments: Arguments) throws -> [Value] {
        var rest = arguments
        if rest.positional.isEmpty, let path = rest.take("attribute") {
            let standard = rest.take("default")
            try rest.requireNone(of: "map")
            let isNone: Bool = if case .none? = standard { true } else { false }
            return try elements.map { try attribute(path: path, of: $0, default: isNone ? nil : standard) }
        }
        guard !rest.positional.isEmpty else { throw Fault.failed("map requires a filter argument") }
        guard case .string(let name) = rest.positional.removeFirst(), let filter = Filter(rawValue: name) else {
            throw Fault.failed("map is given a filter that does not exist")
        }
        return try nested {
            try elements.map { element in
                try budget.step()
                return try apply(filter, to: element, rest)
            }
        }
    }

    private func selected(
        _ elements: [Value], _ arguments: Arguments, byAttribute: Bool, keeping: Bool
    ) throws -> [Value] {
        var rest = arguments
        var path: Value?
        if byAttribute {
            guard !rest.positional.isEmpty else { throw Fault.failed("missing parameter for attribute name") }
            path = rest.positional.removeFirst()
        }
        var test: Test?
        if !rest.positional.isEmpty {
            guard case .string(let name) = rest.positional.removeFirst(), let named = Test(rawValue: name) else {
                throw Fault.failed("a filter is given a test that does not exist")
            }
            test = named
        }
        return try elements.filter { element in
            let value = try attribute(path: path, of: element)
            try budget.step()
            return try (test.map { try self.test(value, $0, rest) } ?? value.isTrue) == keeping
        }
    }
}
