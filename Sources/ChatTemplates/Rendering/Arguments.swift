/// What a filter, a test or a function is called with.
struct Arguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    static var none: Arguments { Arguments() }

    mutating func take(_ name: String) -> Value? {
        guard let index = named.firstIndex(where: { same($0.name, name) }) else { return nil }
        return named.remove(at: index).value
    }

    /// The arguments in the order of a function's parameters.
    func bound(to parameters: [String], required: Int = 0, of function: String) throws -> BoundArguments {
        guard positional.count <= parameters.count else {
            throw Fault.failed("\(function) takes at most \(parameters.count) arguments (\(positional.count) given)")
        }
        var values: [Value?] = positional
        values += [Value?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let index = parameters.firstIndex(where: { same($0, name) }) else {
                throw Fault.failed("\(function) takes no argument '\(name)'")
            }
            guard values[index] == nil else { throw Fault.failed("\(function) is given '\(name)' twice") }
            values[index] = value
        }
        for index in 0..<required where values[index] == nil {
            throw Fault.failed("\(function) lacks the argument '\(parameters[index])'")
        }
        return BoundArguments(function: function, parameters: parameters, values: values)
    }

    func requireNone(of function: String) throws { _ = try bound(to: [], of: function) }
}

struct BoundArguments {
    let function: String
    let parameters: [String]
    let values: [Value?]

    subscript(index: Int) -> Value? { values[index] }

    /// - Precondition: the argument is required.
    func required(_ index: Int) throws -> Value {
        guard let value = values[index] else { throw failure(index, "is missing") }
        return value
    }

    /// `nil` where the argument is missing or none.
    func optional(_ index: Int) -> Value? {
        guard let value = values[index] else { return nil }
        if case .none = value { return nil }
        return value
    }

    func integer(_ index: Int) throws -> Int? {
        guard let value = values[index] else { return nil }
        guard let integer = value.asInteger else {
            throw failure(index, "must be a whole number, not \(value.typeName)")
        }
        return integer
    }

    func string(_ index: Int) throws -> String? {
        guard let value = values[index] else { return nil }
        guard case .string(let text) = value else { throw failure(index, "must be a string, not \(value.typeName)") }
        return text
    }

    func isTrue(_ index: Int) -> Bool { values[index]?.isTrue ?? false }

    private func failure(_ index: Int, _ reason: String) -> Fault {
        .failed("\(function)'s argument '\(parameters[index])' \(reason)")
    }
}
