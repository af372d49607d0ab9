extension Renderer {
    func orderingFilter(_ filter: Filter, _ value: Value, _ arguments: Arguments) throws -> Value {
        let label = "the filter '\(filter.rawValue)'"
        switch filter {
        case .sort:
            let bound = try arguments.bound(to: ["reverse", "case_sensitive", "attribute"], of: label)
            let paths = self.paths(bound.optional(2))
            let elements = try sorted(budget.elements(of: value), reverse: bound.isTrue(0)) { element in
                try .list(paths.map { try key(element, $0, isCaseSensitive: bound.isTrue(1)) })
            }
            return try .list(elements)
        case .unique:
            let bound = try arguments.bound(to: ["case_sensitive", "attribute"], of: label)
            var seen: Set<DictKey> = []
            let elements = try budget.elements(of: value).filter { element in
                let key = try key(element, bound.optional(1), isCaseSensitive: bound.isTrue(0))
                return seen.insert(try DictKey(key, budget)).inserted
            }
            return .iterator(Iteration(try Elements(elements)))
        case .min, .max:
            let bound = try arguments.bound(to: ["case_sensitive", "attribute"], of: label)
            return try extreme(value, bound, isGreatest: filter == .max)
        case .dictsort:
            let bound = try arguments.bound(to: ["case_sensitive", "by", "reverse"], of: label)
            return try dictSorted(value, bound)
        default:
            let bound = try arguments.bound(to: ["attribute", "default", "case_sensitive"], required: 1, of: label)
            return try grouped(value, bound)
        }
    }

    private func paths(_ attribute: Value?) -> [Value?] {
        guard case .string(let text)? = attribute else { return [attribute] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { .string(String($0)) }
    }

    /// What an element is ordered by; letters count as small ones.
    private func key(
        _ element: Value, _ path: Value?, isCaseSensitive: Bool, default standard: Value? = nil
    ) throws -> Value {
        let value = try attribute(path: path, of: element, default: standard)
        guard !isCaseSensitive, case .string(let text) = value else { return value }
        try budget.spend(bytes: text.utf8.count)
        return .string(text.pythonLowercased)
    }

    private func sorted(_ elements: [Value], reverse: Bool, by key: (Value) throws -> Value) throws -> [Value] {
        try budget.spend(elements: 2 * elements.count)
        let keyed = try elements.map { (key: try key($0), value: $0) }
        // The sort is stable, also where it is reversed.
        return try keyed.sorted {
            reverse ? try budget.precedes($1.key, $0.key) : try budget.precedes($0.key, $1.key)
        }.map(\.value)
    }

    private func extreme(_ value: Value, _ bound: BoundArguments, isGreatest: Bool) throws -> Value {
        var best: (key: Value, value: Value)?
        for element in try budget.elements(of: value) {
            let key = try key(element, bound.optional(1), isCaseSensitive: bound.isTrue(0))
            let isBetter = try best.map {
                isGreatest ? try budget.precedes($0.key, key) : try budget.precedes(key, $0.key)
            }
            if isBetter ?? true { best = (key, element) }
        }
        return best?.value ?? .undefined(Undefined(.hint("No aggregated item, sequence was empty.")))
    }

    private func dictSorted(_ value: Value, _ bound: BoundArguments) throws -> Value {
        guard case .dict(let dict) = value else {
            if case .undefined(let undefined) = value { throw Fault.failed(undefined.message) }
            throw Fault.failed("the filter 'dictsort' needs a dict, not \(value.typeName)")
        }
        let by = try bound.string(1) ?? "key"
        guard by == "key" || by == "value" else {
            throw Fault.failed("dictsort: you can only sort by either key or value")
        }
        try budget.spend(elements: 2 * dict.count)
        let pairs = try sorted(dict.pairs(), reverse: bound.isTrue(2)) { pair in
            try key(pair, .integer(by == "key" ? 0 : 1), isCaseSensitive: bound.isTrue(0))
        }
        return try .list(pairs)
    }

    private func grouped(_ value: Value, _ bound: BoundArguments) throws -> Value {
        let (path, standard) = (bound[0], bound.optional(1))
        func key(_ element: Value) throws -> Value {
            try self.key(element, path, isCaseSensitive: bound.isTrue(2), default: standard)
        }
        var groups: [(key: Value, elements: [Value])] = []
        for element in try sorted(budget.elements(of: value), reverse: false, by: key) {
            let key = try key(element)
            if let last = groups.last, try budget.equal(last.key, key) {
                groups[groups.count - 1].elements.append(element)
            } else {
                groups.append((key, [element]))
            }
        }
        return try .list(
            groups.map { group in
                let shown = try attribute(path: path, of: group.elements[0], default: standard)
                return try .tuple([shown, .list(group.elements)])
            })
    }
}
