/// A value while a template is carried out: those of Python that a template can get hold of. Nothing but a namespace, a loop
/// and an iterator ever changes.
enum Value {
    case undefined(Undefined)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list(Elements)
    case tuple(Elements)
    case dict(Dict)
    case view(DictView)
    case range(IntegerRange)
    case iterator(Iteration)
    case namespace(Namespace)
    case loop(Loop)
    case cycler(Cycler)
    case function(Function)
}

/// The values of a list or tuple.
struct Elements {
    let values: [Value]
    /// How deep containers lie inside one another. Bounded, so that no walk through a value, not even the one that frees it,
    /// exhausts the stack.
    let depth: Int

    static let deepest = 100
    static var none: Elements { Elements(values: [], depth: 1) }

    private init(values: [Value], depth: Int) {
        self.values = values
        self.depth = depth
    }

    init(_ values: [Value]) throws {
        self.init(values: values, depth: try Self.depth(around: values))
    }

    static func depth(around values: some Swift.Sequence<Value>) throws -> Int {
        var depth = 0
        for value in values { depth = max(depth, value.depth) }
        guard depth < deepest else { throw Fault.failed("values are nested too deeply") }
        return depth + 1
    }

    /// Part of these, or these in another order.
    func with(_ values: [Value]) -> Elements { Elements(values: values, depth: depth) }
}

/// What stands for a missing value: prints as nothing, is false, and tells in an error what was missing.
final class Undefined {
    enum Reason {
        case name(String)
        case attribute(String, of: String)
        case element(String, of: String)
        case hint(String)
    }

    let reason: Reason

    init(_ reason: Reason) { self.reason = reason }

    var message: String {
        switch reason {
        case .name(let name): "'\(name)' is undefined"
        case .attribute(let name, let type): "'\(type) object' has no attribute '\(name)'"
        case .element(let key, let type): "\(type) object has no element \(key)"
        case .hint(let text): text
        }
    }
}

/// `d.keys()`, `d.values()`, `d.items()`.
struct DictView {
    enum Kind: String { case keys, values, items }

    let kind: Kind
    let dict: Dict
}

/// `range(…)`; its length is checked where it is made.
struct IntegerRange {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    static let longest = 100_000

    subscript(index: Int) -> Int { start + index * step }
}

/// What Python would make a generator of: it can be walked through once.
final class Iteration {
    let name: String
    let elements: Elements
    private(set) var position = 0

    init(_ elements: Elements, name: String = "generator") {
        self.elements = elements
        self.name = name
    }

    func next() -> Value? {
        guard position < elements.values.count else { return nil }
        position += 1
        return elements.values[position - 1]
    }

    func rest() -> ArraySlice<Value> {
        defer { position = elements.values.count }
        return elements.values[position...]
    }
}

/// `namespace(…)`: what a loop's body may write to.
final class Namespace {
    var attributes: [(name: String, value: Value)] = []

    func find(_ name: String) -> Value? { attributes.first { same($0.name, name) }?.value }

    func set(_ name: String, _ value: Value) {
        if let index = attributes.firstIndex(where: { same($0.name, name) }) {
            attributes[index].value = value
        } else {
            attributes.append((name, value))
        }
    }
}

/// `cycler(…)`.
final class Cycler {
    let items: Elements
    var position = 0

    init(_ items: Elements) { self.items = items }

    var current: Value { items.values[position] }
}

extension Value {
    /// How deep containers lie inside this one; what may refer back to itself (a namespace, a macro) counts as flat and is
    /// freed by the renderer.
    var depth: Int {
        switch self {
        case .list(let elements), .tuple(let elements): elements.depth
        case .dict(let dict): dict.depth
        case .view(let view): view.dict.depth
        case .iterator(let iteration): iteration.elements.depth
        case .loop(let loop): loop.depth
        case .cycler(let cycler): cycler.items.depth
        case .function(let function): function.depth
        default: 0
        }
    }

    /// Python's name of the type, for errors.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dict: "dict"
        case .view(let view): "dict_\(view.kind.rawValue)"
        case .range: "range"
        case .iterator(let iteration): iteration.name
        case .namespace: "namespace"
        case .loop: "loop"
        case .cycler: "cycler"
        case .function(let function): function.typeName
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let elements), .tuple(let elements): !elements.values.isEmpty
        case .dict(let dict): dict.count > 0
        case .view(let view): view.dict.count > 0
        case .range(let range): range.count > 0
        case .loop(let loop): loop.position > 0
        case .iterator, .namespace, .cycler, .function: true
        }
    }

    /// A truth value counts as 0 or 1.
    var asInteger: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    var asNumber: Double? {
        if case .number(let value) = self { value } else { asInteger.map(Double.init) }
    }

    static func list(_ values: [Value]) throws -> Value { .list(try Elements(values)) }
    static func tuple(_ values: [Value]) throws -> Value { .tuple(try Elements(values)) }

    init(_ value: TemplateValue, depth: Int = 0) throws {
        guard depth < Elements.deepest else { throw Fault.failed("values are nested too deeply") }
        switch value {
        case .none: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let text): self = .string(text)
        case .array(let values): self = try .list(values.map { try Value($0, depth: depth + 1) })
        case .object(let members):
            let dict = Dict()
            for member in members { try dict.set(member.name, Value(member.value, depth: depth + 1)) }
            self = .dict(dict)
        }
    }
}
