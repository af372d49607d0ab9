import Foundation

/// Functions that every template has.
enum GlobalFunction: String {
    case range, dict, namespace, joiner, cycler
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

/// The time that `strftime_now` tells.
struct TemplateClock: Sendable {
    /// Broken down into years, days and so on, where the clock hangs.
    var now: @Sendable () -> tm

    static let local = TemplateClock {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts
    }

    func text(_ format: String) throws -> String {
        guard !format.isEmpty else { return "" }
        guard format.utf8.count <= 1024 else { throw Fault.failed("the format of a time is too long") }
        var parts = now()
        var buffer = [CChar](repeating: 0, count: 16384)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Renderer {
    func global(_ name: Name) -> Value {
        if let function = GlobalFunction(rawValue: name.text) { return .function(.global(function)) }
        return .undefined(Undefined(.name(name.text)))
    }

    func call(_ function: GlobalFunction, _ arguments: Arguments) throws -> Value {
        switch function {
        case .range: return .range(try range(arguments))
        case .dict: return .dict(try dict(arguments, of: "dict"))
        case .namespace:
            let namespace = try makeNamespace()
            let members = try dict(arguments, of: "namespace")
            for (name, value) in zip(members.keys, members.values) {
                guard case .string(let name) = name else { throw Fault.failed("names in a namespace must be strings") }
                try setAttribute(name, of: namespace, value)
            }
            return .namespace(namespace)
        case .joiner:
            let separator = try arguments.bound(to: ["sep"], of: "joiner")[0] ?? .string(", ")
            guard separator.depth < Elements.deepest else { throw Fault.failed("values are nested too deeply") }
            return .function(.joiner(Function.Joiner(separator)))
        case .cycler:
            guard !arguments.positional.isEmpty, arguments.named.isEmpty else {
                throw Fault.failed("at least one item has to be provided to cycler")
            }
            return .cycler(Cycler(try Elements(arguments.positional)))
        case .raiseException:
            let bound = try arguments.bound(to: ["message"], required: 1, of: "raise_exception")
            throw Fault.refused(try text(of: bound.required(0)))
        case .strftimeNow:
            let bound = try arguments.bound(to: ["format"], required: 1, of: "strftime_now")
            return .string(try clock.text(bound.string(0) ?? ""))
        }
    }

    private func range(_ arguments: Arguments) throws -> IntegerRange {
        try arguments.requireOnlyPositional(of: "range")
        let bounds = try arguments.positional.map { value in
            guard let bound = value.asInteger else {
                throw Fault.failed("'\(value.typeName)' object cannot be interpreted as an integer")
            }
            return bound
        }
        switch bounds.count {
        case 1: return try IntegerRange(start: 0, stop: bounds[0], step: 1)
        case 2: return try IntegerRange(start: bounds[0], stop: bounds[1], step: 1)
        case 3: return try IntegerRange(start: bounds[0], stop: bounds[1], step: bounds[2])
        default: throw Fault.failed("range expects one to three arguments, got \(bounds.count)")
        }
    }

    /// Python's `dict(…)`: a dict or a list of pairs, and named members.
    private func dict(_ arguments: Arguments, of function: String) throws -> Dict {
        guard arguments.positional.count <= 1 else { throw Fault.failed("\(function) expected at most 1 argument") }
        let dict = Dict()
        switch arguments.positional.first {
        case nil: break
        case .dict(let members):
            try budget.spend(elements: 2 * members.count)
            for (key, value) in zip(members.keys, members.values) { try dict.set(key, value, budget) }
        case .some(let value):
            for pair in try budget.elements(of: value) {
                let parts = try budget.elements(of: pair)
                guard parts.count == 2 else { throw Fault.failed("\(function) needs pairs of a key and a value") }
                try budget.spend(elements: 2)
                try dict.set(parts[0], parts[1], budget)
            }
        }
        for (name, value) in arguments.named { try dict.set(name, value) }
        return dict
    }
}

extension Arguments {
    func requireOnlyPositional(of function: String) throws {
        if let (name, _) = named.first { throw Fault.failed("\(function) takes no argument '\(name)'") }
    }
}
