/// Attributes, items and slices, in Jinja's order: `a.b` is a method first and a member else, `a['b']` the other way round.
extension Renderer {
    func attribute(_ object: Value, _ name: String, _ line: Int) throws -> Value {
        self.line = line
        if case .undefined(let undefined) = object { throw Fault.failed(undefined.message) }
        try budget.spend(bytes: name.utf8.count / 16)
        if let value = try ownAttribute(object, name) { return value }
        if case .dict(let dict) = object, let value = dict.find(name) { return value }
        return .undefined(Undefined(.attribute(name, of: object.typeName)))
    }

    func item(_ object: Value, _ key: Value, _ line: Int) throws -> Value {
        self.line = line
        if let value = try ownItem(object, key) { return value }
        guard case .string(let name) = key else {
            let key = try ValueWriter.representation(of: key, budget)
            return .undefined(Undefined(.element(key, of: object.typeName)))
        }
        return try ownAttribute(object, name) ?? .undefined(Undefined(.attribute(name, of: object.typeName)))
    }

    private func ownItem(_ object: Value, _ key: Value) throws -> Value? {
        func place(_ count: Int) -> Int? {
            guard let index = key.asInteger else { return nil }
            let place = index < 0 ? index + count : index
            return (0..<count).contains(place) ? place : nil
        }
        switch object {
        case .undefined(let undefined): throw Fault.failed(undefined.message)
        case .dict(let dict):
            switch key {
            // What no dict can have as a key is missing.
            case .list, .dict: return nil
            default: return try dict.find(key, budget)
            }
        case .list(let elements), .tuple(let elements): return place(elements.values.count).map { elements.values[$0] }
        case .range(let range): return place(range.count).map { .integer(range[$0]) }
        case .string(let text):
            guard key.asInteger != nil else { return nil }
            try budget.spend(bytes: text.utf8.count / 8)
            let scalars = text.unicodeScalars
            return place(scalars.count).map {
                .string(String(scalars[scalars.index(scalars.startIndex, offsetBy: $0)]))
            }
        default: return nil
        }
    }

    private func ownAttribute(_ object: Value, _ name: String) throws -> Value? {
        if name.hasPrefix("__") { return unsafe(object, name) }
        switch object {
        case .string(let text): return StringMethod(rawValue: name).map { .function(.string($0, text)) }
        case .dict(let dict):
            if ["clear", "pop", "popitem", "setdefault", "update"].contains(name) { return unsafe(object, name) }
            return DictMethod(rawValue: name).map { .function(.dict($0, dict)) }
        case .list:
            if ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"].contains(name) {
                return unsafe(object, name)
            }
            return ListMethod(rawValue: name).map { .function(.list($0, object)) }
        case .tuple, .range:
            guard name != "copy" else { return nil }
            return ListMethod(rawValue: name).map { .function(.list($0, object)) }
        case .namespace(let namespace):
            try budget.spend(bytes: namespace.attributes.count)
            return namespace.find(name)
        case .loop(let loop): return try attribute(of: loop, name)
        case .cycler(let cycler):
            switch name {
            case "current": return cycler.current
            case "next": return .function(.cycler(cycler, resets: false))
            case "reset": return .function(.cycler(cycler, resets: true))
            default: return nil
            }
        case .function(.macro(let macro)): return name == "name" ? macro.definition.name.map(Value.string) : nil
        default: return nil
        }
    }

    private func unsafe(_ object: Value, _ name: String) -> Value {
        .undefined(Undefined(.hint("access to attribute '\(name)' of '\(object.typeName)' object is unsafe")))
    }

    private func attribute(of loop: Loop, _ name: String) throws -> Value? {
        switch name {
        case "index": return .integer(loop.position)
        case "index0": return .integer(loop.position - 1)
        case "first": return .bool(loop.position == 1)
        case "last": return .bool(try loop.peek() == nil)
        case "length": return .integer(try loop.count())
        case "revindex": return .integer(try loop.count() - loop.position + 1)
        case "revindex0": return .integer(try loop.count() - loop.position)
        case "previtem":
            return loop.previous ?? .undefined(Undefined(.hint("there is no previous item")))
        case "nextitem":
            return try loop.peek() ?? .undefined(Undefined(.hint("there is no next item")))
        case "depth": return .integer(1)
        case "depth0": return .integer(0)
        case "cycle": return .function(.loopCycle(loop))
        case "changed": return .function(.loopChanged(loop))
        default: return nil
        }
    }

    // MARK: Slices

    func slice(
        _ object: Expression, _ start: Expression?, _ stop: Expression?, _ step: Expression?, _ line: Int
    ) throws -> Value {
        let value = try evaluate(object)
        func bound(_ expression: Expression?) throws -> Int? {
            guard let expression else { return nil }
            let value = try evaluate(expression)
            if case .none = value { return nil }
            guard let bound = value.asInteger else { throw Fault.failed("slice indices must be integers or None") }
            return bound
        }
        let (start, stop, step) = (try bound(start), try bound(stop), try bound(step))
        self.line = line
        switch value {
        case .undefined(let undefined): throw Fault.failed(undefined.message)
        case .string(let text):
            try budget.spend(bytes: step ?? 1 == 1 ? text.utf8.count : 8 * text.utf8.count)
            return .string(try Slice(start: start, stop: stop, step: step, of: text.unicodeScalars.count).pick(text))
        case .list(let elements):
            try budget.spend(elements: elements.values.count)
            let slice = try Slice(start: start, stop: stop, step: step, of: elements.values.count)
            return .list(elements.with(slice.pick(elements.values)))
        case .tuple(let elements):
            try budget.spend(elements: elements.values.count)
            let slice = try Slice(start: start, stop: stop, step: step, of: elements.values.count)
            return .tuple(elements.with(slice.pick(elements.values)))
        case .range(let range):
            let slice = try Slice(start: start, stop: stop, step: step, of: range.count)
            return .range(try range.part(slice))
        default: throw Fault.failed("'\(value.typeName)' object cannot be sliced")
        }
    }
}
