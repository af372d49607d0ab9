extension Renderer {
    func sequenceFilter(_ filter: Filter, _ value: Value, _ arguments: Arguments) throws -> Value {
        let label = "the filter '\(filter.rawValue)'"
        switch filter {
        case .join:
            let bound = try arguments.bound(to: ["d", "attribute"], of: label)
            return .string(try joined(value, bound))
        case .sum:
            let bound = try arguments.bound(to: ["attribute", "start"], of: label)
            var sum = bound[1] ?? .integer(0)
            if case .string = sum { throw Fault.failed("sum can't sum strings: join them") }
            for element in try budget.elements(of: value) {
                sum = try arithmetic(.add, sum, attribute(path: bound.optional(0), of: element))
            }
            return sum
        case .batch:
            let bound = try arguments.bound(to: ["linecount", "fill_with"], required: 1, of: label)
            return try batches(value, size: bound.integer(0) ?? 0, filling: bound.optional(1))
        case .slice:
            let bound = try arguments.bound(to: ["slices", "fill_with"], required: 1, of: label)
            return try slices(value, count: bound.integer(0) ?? 0, filling: bound.optional(1))
        default: try arguments.requireNone(of: label)
        }
        switch filter {
        case .length, .count: return .integer(try count(value))
        case .list:
            let elements = try budget.elements(of: value)
            try budget.spend(elements: elements.count)
            return try .list(elements)
        case .first:
            if case .iterator(let iteration) = value, let first = iteration.next() { return first }
            if case .string(let text) = value, let first = text.unicodeScalars.first { return .string(String(first)) }
            return try budget.elements(of: value).first
                ?? .undefined(Undefined(.hint("No first item, sequence was empty.")))
        case .last:
            if case .string(let text) = value, let last = text.unicodeScalars.last { return .string(String(last)) }
            switch value {
            case .iterator: throw Fault.failed("'\(value.typeName)' object is not reversible")
            default: break
            }
            return try budget.elements(of: value).last
                ?? .undefined(Undefined(.hint("No last item, sequence was empty.")))
        case .reverse: return try reversed(value)
        case .items:
            switch value {
            case .undefined: return .iterator(Iteration(.none))
            case .dict(let dict):
                try budget.spend(elements: 2 * dict.count)
                return .iterator(Iteration(try Elements(dict.pairs())))
            default: throw Fault.failed("can only get item pairs from a mapping")
            }
        default: throw Fault.failed("there is no filter '\(filter.rawValue)'")
        }
    }

    private func joined(_ value: Value, _ bound: BoundArguments) throws -> String {
        let separator = try bound[0].map { try text(of: $0) } ?? ""
        let path = bound.optional(1)
        var result = ""
        for (index, element) in try budget.elements(of: value).enumerated() {
            let text = try text(of: attribute(path: path, of: element))
            try budget.spend(bytes: text.utf8.count + separator.utf8.count)
            if index > 0 { result += separator }
            result += text
        }
        return result
    }

    private func reversed(_ value: Value) throws -> Value {
        if case .string(let text) = value {
            try budget.spend(bytes: text.utf8.count)
            return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
        }
        let elements = try Elements(budget.elements(of: value).reversed())
        try budget.spend(elements: elements.values.count)
        return .iterator(Iteration(elements, name: "list_reverseiterator"))
    }

    private func batches(_ value: Value, size: Int, filling: Value?) throws -> Value {
        let elements = try budget.elements(of: value)
        try budget.spend(elements: elements.count)
        var batches: [[Value]] = []
        for element in elements {
            if let last = batches.last, last.count != size {
                batches[batches.count - 1].append(element)
            } else {
                // Jinja, too, begins with an empty one where the size is 0.
                if batches.isEmpty, size == 0 { batches.append([]) }
                batches.append([element])
            }
        }
        if let filling, let last = batches.last, last.count < size {
            try budget.spend(elements: size)
            batches[batches.count - 1] += Array(repeating: filling, count: size - last.count)
        }
        return .iterator(Iteration(try Elements(batches.map { try .list($0) })))
    }

    private func slices(_ value: Value, count: Int, filling: Value?) throws -> Value {
        guard count != 0 else { throw Fault.failed("integer division or modulo by zero") }
        let elements = try budget.elements(of: value)
        try budget.spend(elements: elements.count)
        guard count > 0 else { return .iterator(Iteration(.none)) }
        try budget.spend(elements: count)
        let (size, longer) = (elements.count / count, elements.count % count)
        var slices: [Value] = []
        var start = 0
        for index in 0..<count {
            let end = start + size + (index < longer ? 1 : 0)
            var slice = Array(elements[start..<end])
            if let filling, index >= longer { slice.append(filling) }
            slices.append(try .list(slice))
            start = end
        }
        return .iterator(Iteration(try Elements(slices)))
    }

    // MARK: Attributes by their path

    /// What `attribute="a.b.0"` of a filter picks from a value; the value itself without one.
    func attribute(path: Value?, of value: Value, default standard: Value? = nil) throws -> Value {
        guard let path else { return value }
        guard case .string(let text) = path else { return try attribute(step: path, of: value, standard) }
        var result = value
        try budget.spend(bytes: text.utf8.count)
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let isIndex = !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            let step = isIndex ? Int(part).map(Value.integer) : nil
            result = try attribute(step: step ?? .string(String(part)), of: result, standard)
        }
        return result
    }

    private func attribute(step: Value, of value: Value, _ standard: Value?) throws -> Value {
        let result = try item(value, step, line)
        if let standard, case .undefined = result { return standard }
        return result
    }
}
