/// What stands behind `|`.
enum Filter: String {
    // Texts.
    case string, upper, lower, title, capitalize, trim, replace, indent, truncate, center, wordcount, format, urlencode
    case safe, escape, e, forceescape
    // Numbers.
    case int, float, abs, round
    // Sequences and dicts.
    case length, count, list, first, last, join, reverse, sort, unique, sum, min, max, batch, slice, groupby
    case items, dictsort, map, select, reject, selectattr, rejectattr
    // Any value.
    case `default`, d, attr, tojson
}

extension Renderer {
    func apply(_ filter: Filter, to value: Value, _ arguments: Arguments) throws -> Value {
        switch filter {
        case .string, .upper, .lower, .title, .capitalize, .trim, .replace, .indent, .truncate, .center, .wordcount,
            .format,
            .urlencode, .safe, .escape, .e, .forceescape:
            return try textFilter(filter, value, arguments)
        case .int, .float, .abs, .round: return try numberFilter(filter, value, arguments)
        case .map, .select, .reject, .selectattr, .rejectattr: return try pickingFilter(filter, value, arguments)
        case .sort, .unique, .min, .max, .dictsort, .groupby: return try orderingFilter(filter, value, arguments)
        case .default, .d:
            let bound = try arguments.bound(to: ["default_value", "boolean"], of: "default")
            let isMissing: Bool = if case .undefined = value { true } else { bound.isTrue(1) && !value.isTrue }
            return isMissing ? bound[0] ?? .string("") : value
        case .attr:
            guard let name = try arguments.bound(to: ["name"], required: 1, of: "attr").string(0) else { return .none }
            if case .dict = value, DictMethod(rawValue: name) == nil {
                return .undefined(Undefined(.attribute(name, of: value.typeName)))
            }
            return try attribute(value, name, line)
        case .tojson: return .string(try json(value, arguments))
        default: return try sequenceFilter(filter, value, arguments)
        }
    }

    private func json(_ value: Value, _ arguments: Arguments) throws -> String {
        let bound = try arguments.bound(to: ["ensure_ascii", "indent", "separators", "sort_keys"], of: "tojson")
        var writer = JSONWriter(budget)
        writer.escapesNonASCII = bound.isTrue(0)
        switch bound.optional(1) {
        case nil: break
        case .string(let text): writer.indent = text
        case .some:
            let width = max(try bound.integer(1) ?? 0, 0)
            try budget.spend(bytes: width)
            writer.indent = String(repeating: " ", count: width)
        }
        if writer.indent != nil { writer.itemSeparator = "," }
        if let separators = bound.optional(2) {
            let parts = try budget.elements(of: separators)
            guard parts.count == 2, case .string(let item) = parts[0], case .string(let key) = parts[1] else {
                throw Fault.failed("tojson's separators must be two strings")
            }
            writer.itemSeparator = item
            writer.keySeparator = key
        }
        writer.sortsKeys = bound.isTrue(3)
        return try writer.json(of: value)
    }
}
