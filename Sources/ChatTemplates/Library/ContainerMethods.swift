/// Methods of dicts, those that change nothing.
enum DictMethod: String {
    case get, keys, values, items, copy, fromkeys
}

/// Methods of lists and tuples, those that change nothing.
enum ListMethod: String {
    case index, count, copy
}

extension Renderer {
    func call(_ method: DictMethod, of dict: Dict, _ arguments: Arguments) throws -> Value {
        let label = "dict.\(method.rawValue)"
        switch method {
        case .get:
            try arguments.requireOnlyPositional(of: label)
            let bound = try arguments.bound(to: ["key", "default"], required: 1, of: label)
            return try dict.find(bound.required(0), budget) ?? bound[1] ?? .none
        case .keys: return try view(.keys, dict, arguments)
        case .values: return try view(.values, dict, arguments)
        case .items: return try view(.items, dict, arguments)
        case .copy:
            try arguments.requireNone(of: label)
            return .dict(dict)
        case .fromkeys:
            let bound = try arguments.bound(to: ["iterable", "value"], required: 1, of: label)
            let result = Dict()
            for key in try budget.elements(of: bound.required(0)) {
                try budget.spend(elements: 2)
                try result.set(key, bound[1] ?? .none, budget)
            }
            return .dict(result)
        }
    }

    private func view(_ kind: DictView.Kind, _ dict: Dict, _ arguments: Arguments) throws -> Value {
        try arguments.requireNone(of: "dict.\(kind.rawValue)")
        return .view(DictView(kind: kind, dict: dict))
    }

    func call(_ method: ListMethod, of value: Value, _ arguments: Arguments) throws -> Value {
        let label = "\(value.typeName).\(method.rawValue)"
        try arguments.requireOnlyPositional(of: label)
        switch method {
        case .copy:
            try arguments.requireNone(of: label)
            return value
        case .count:
            let element = try arguments.bound(to: ["value"], required: 1, of: label).required(0)
            return .integer(try budget.elements(of: value).reduce(0) { try $0 + (budget.equal($1, element) ? 1 : 0) })
        case .index:
            let bound = try arguments.bound(to: ["value", "start", "stop"], required: 1, of: label)
            let elements = try budget.elements(of: value)
            let slice = try Slice(start: bound.integer(1), stop: bound.integer(2), step: nil, of: elements.count)
            for place in slice.places where try budget.equal(elements[place], bound.required(0)) {
                return .integer(place)
            }
            throw Fault.failed(
                "\(try ValueWriter.representation(of: bound.required(0), budget)) is not in the \(value.typeName)")
        }
    }
}
