/// What can be called.
enum Function {
    /// A value's method, such as `text.strip`.
    case string(StringMethod, String)
    case dict(DictMethod, Dict)
    indirect case list(ListMethod, Value)
    case global(GlobalFunction)
    case macro(Macro)
    case loopCycle(Loop)
    case loopChanged(Loop)
    case cycler(Cycler, resets: Bool)
    case joiner(Joiner)

    /// `joiner(", ")`: nothing at first, then its separator.
    final class Joiner {
        let separator: Value
        var isUsed = false

        init(_ separator: Value) { self.separator = separator }
    }

    final class Macro {
        let definition: MacroDefinition
        let frame: Frame

        init(_ definition: MacroDefinition, _ frame: Frame) {
            self.definition = definition
            self.frame = frame
        }
    }

    var depth: Int {
        switch self {
        case .string, .global, .macro: 0
        case .dict(_, let dict): dict.depth
        case .list(_, let value): value.depth
        case .loopCycle(let loop), .loopChanged(let loop): loop.depth
        case .cycler(let cycler, _): cycler.items.depth
        case .joiner(let joiner): joiner.separator.depth + 1
        }
    }

    var typeName: String {
        switch self {
        case .macro: "Macro"
        case .joiner: "Joiner"
        case .global: "function"
        case .loopCycle, .loopChanged, .cycler: "method"
        case .string, .dict, .list: "builtin_function_or_method"
        }
    }

    var representation: String {
        switch self {
        case .macro(let macro): macro.definition.name.map { "<Macro '\($0)'>" } ?? "<Macro anonymous>"
        case .string(let method, _): "<built-in method \(method.rawValue) of str object>"
        case .dict(let method, _): "<built-in method \(method.rawValue) of dict object>"
        case .list(let method, let value): "<built-in method \(method.rawValue) of \(value.typeName) object>"
        case .global(let function): "<function \(function.rawValue)>"
        case .loopCycle, .loopChanged, .cycler: "<bound method>"
        case .joiner: "<Joiner object>"
        }
    }

    func isSame(as other: Function) -> Bool {
        switch (self, other) {
        case (.macro(let a), .macro(let b)): a === b
        case (.global(let a), .global(let b)): a == b
        case (.joiner(let a), .joiner(let b)): a === b
        case (.string(let a, let text), .string(let b, let other)): a == b && same(text, other)
        case (.dict(let a, let dict), .dict(let b, let other)): a == b && dict === other
        default: false
        }
    }
}
