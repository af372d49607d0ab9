/// Python's comparisons. They take steps from the budget, since a list that holds another one twice, and so on, is as large as one likes.
extension Budget {
    func equal(_ a: Value, _ b: Value) throws -> Bool {
        try step()
        switch (a, b) {
        case (.string(let a), .string(let b)):
            try spend(bytes: min(a.utf8.count, b.utf8.count))
            return same(a, b)
        case (.none, .none), (.undefined, .undefined): return true
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): return try equal(a.values, b.values)
        case (.dict(let a), .dict(let b)):
            guard a.count == b.count else { return false }
            for (key, value) in zip(a.keys, a.values) {
                guard let other = try b.find(key, self), try equal(value, other) else { return false }
            }
            return true
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || a.start == b.start) && (a.count < 2 || a.step == b.step)
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        case (.iterator(let a), .iterator(let b)): return a === b
        case (.cycler(let a), .cycler(let b)): return a === b
        case (.function(let a), .function(let b)): return a.isSame(as: b)
        case (.view(let a), .view(let b)):
            guard a.kind == b.kind, a.kind != .values else { return a.kind == b.kind && a.dict === b.dict }
            let (left, right) = try (elements(of: .view(a)), elements(of: .view(b)))
            guard left.count == right.count else { return false }
            for value in left where try !contains(right, value) { return false }
            return true
        default:
            if let a = a.asInteger, let b = b.asInteger { return a == b }
            guard let left = a.asNumber, let right = b.asNumber else { return false }
            // Not through Double where one is whole: it has 53 bits.
            if let a = a.asInteger { return Int(exactly: right) == a }
            if let b = b.asInteger { return Int(exactly: left) == b }
            return left == right
        }
    }

    private func equal(_ a: [Value], _ b: [Value]) throws -> Bool {
        guard a.count == b.count else { return false }
        for (a, b) in zip(a, b) where try !equal(a, b) { return false }
        return true
    }

    func contains(_ values: some Swift.Sequence<Value>, _ value: Value) throws -> Bool {
        for other in values where try equal(other, value) { return true }
        return false
    }

    /// Whether a stands before b: -1, 0 or 1; `nil` beside a number that is none.
    func order(_ a: Value, _ b: Value, _ sign: String = "<") throws -> Int? {
        try step()
        switch (a, b) {
        case (.string(let a), .string(let b)):
            try spend(bytes: min(a.utf8.count, b.utf8.count))
            if same(a, b) { return 0 }
            // The order of UTF-8 is that of code points.
            return a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (a, b) in zip(a.values, b.values) where try !equal(a, b) { return try order(a, b, sign) }
            return a.values.count < b.values.count ? -1 : a.values.count > b.values.count ? 1 : 0
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw Fault.failed(undefined.message)
        default:
            if let a = a.asInteger, let b = b.asInteger { return a < b ? -1 : a > b ? 1 : 0 }
            guard let left = a.asNumber, let right = b.asNumber else {
                throw Fault.failed("\(a.typeName) and \(b.typeName) cannot be compared by \(sign)")
            }
            return left < right ? -1 : left > right ? 1 : left == right ? 0 : nil
        }
    }

    func precedes(_ a: Value, _ b: Value) throws -> Bool { try order(a, b) == -1 }

    /// What a loop over the value walks through.
    func elements(of value: Value) throws -> [Value] {
        switch value {
        case .list(let elements), .tuple(let elements): return elements.values
        case .dict(let dict): return dict.keys
        case .string(let text):
            try spend(elements: text.utf8.count)
            return text.unicodeScalars.map { .string(String($0)) }
        case .undefined: return []
        case .range(let range):
            try spend(elements: range.count)
            return (0..<range.count).map { .integer(range[$0]) }
        case .iterator(let iteration): return Array(iteration.rest())
        case .view(let view):
            switch view.kind {
            case .keys: return view.dict.keys
            case .values: return view.dict.values
            case .items:
                try spend(elements: view.dict.count * 2)
                return try view.dict.pairs()
            }
        default: throw Fault.failed("'\(value.typeName)' object is not iterable")
        }
    }

    /// Python's `in`.
    func contains(_ container: Value, _ value: Value) throws -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw Fault.failed("'in <string>' requires string as left operand, not \(value.typeName)")
            }
            return try search(text, for: part) != nil
        case .dict(let dict): return try dict.find(value, self) != nil
        case .view(let view) where view.kind == .keys: return try view.dict.find(value, self) != nil
        case .none, .bool, .integer, .number, .namespace, .function, .cycler:
            throw Fault.failed("argument of type '\(container.typeName)' is not iterable")
        case .loop: throw Fault.failed("a loop cannot be searched")
        default: return try contains(elements(of: container), value)
        }
    }

    func count(of value: Value) throws -> Int {
        switch value {
        case .string(let text):
            try spend(bytes: text.utf8.count / 16)
            return text.unicodeScalars.count
        case .list(let elements), .tuple(let elements): return elements.values.count
        case .dict(let dict): return dict.count
        case .view(let view): return view.dict.count
        case .range(let range): return range.count
        case .undefined: return 0
        default: throw Fault.failed("object of type '\(value.typeName)' has no len()")
        }
    }
}
