/// `"{} has {count:>3}".format(name, count=…)`.
extension Renderer {
    func format(_ pattern: String, _ arguments: Arguments) throws -> String {
        try budget.spend(bytes: pattern.utf8.count)
        var automatic = 0
        return try format(Array(pattern.unicodeScalars)[...], arguments, &automatic, isNested: false)
    }

    private func format(
        _ pattern: ArraySlice<Unicode.Scalar>, _ arguments: Arguments, _ automatic: inout Int, isNested: Bool
    ) throws -> String {
        var rest = pattern
        var result = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if scalar == "{" || scalar == "}", rest.first == scalar, !isNested {
                rest.removeFirst()
                result.append(scalar)
            } else if scalar == "}" {
                throw Fault.failed("single '}' encountered in format string")
            } else if scalar == "{" {
                guard let end = closing(rest) else { throw Fault.failed("expected '}' before end of string") }
                guard !isNested || !rest[..<end].contains("{") else {
                    throw Fault.failed("a format is nested too deeply")
                }
                let text = try field(rest[..<end], arguments, &automatic)
                try budget.spend(bytes: text.utf8.count)
                result.append(contentsOf: text.unicodeScalars)
                rest = rest[(end + 1)...]
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private func closing(_ rest: ArraySlice<Unicode.Scalar>) -> Int? {
        var depth = 0
        for index in rest.indices {
            if rest[index] == "{" { depth += 1 }
            if rest[index] == "}" {
                if depth == 0 { return index }
                depth -= 1
            }
        }
        return nil
    }

    /// `name[.attribute][[item]][!conversion][:specification]`.
    private func field(
        _ field: ArraySlice<Unicode.Scalar>, _ arguments: Arguments, _ automatic: inout Int
    ) throws -> String {
        let nameEnd = field.firstIndex { $0 == "!" || $0 == ":" } ?? field.endIndex
        var value = try self.value(field[..<nameEnd], arguments, &automatic)
        var rest = field[nameEnd...]
        if rest.first == "!" {
            rest.removeFirst()
            switch rest.popFirst() {
            case "r", "a": value = .string(try ValueWriter.representation(of: value, budget))
            case "s": value = .string(try text(of: value))
            default: throw Fault.failed("a format has an unknown conversion")
            }
        }
        if rest.first == ":" {
            rest.removeFirst()
        } else if !rest.isEmpty {
            throw Fault.failed("expected ':' in a format")
        }
        let written = try format(rest, arguments, &automatic, isNested: true)
        let specification = try FormatSpecification(written)
        try budget.spend(bytes: specification.width)
        switch value {
        case .string(let text): return try specification.text(of: text)
        case .bool where written.isEmpty: return try text(of: value)
        case .bool(let bool): return try specification.text(of: bool ? 1 : 0)
        case .integer(let integer): return try specification.text(of: integer)
        case .number(let number): return try specification.text(of: number)
        default:
            guard written.isEmpty else { throw Fault.failed("a format does not suit a \(value.typeName)") }
            return try text(of: value)
        }
    }

    private func value(
        _ path: ArraySlice<Unicode.Scalar>, _ arguments: Arguments, _ automatic: inout Int
    ) throws -> Value {
        func text(_ part: ArraySlice<Unicode.Scalar>) -> String { String(String.UnicodeScalarView(part)) }
        let nameEnd = path.firstIndex { $0 == "." || $0 == "[" } ?? path.endIndex
        let name = text(path[..<nameEnd])
        var value: Value
        if path.isEmpty || Int(name) != nil {
            let index = Int(name) ?? automatic
            if path.isEmpty { automatic += 1 }
            guard arguments.positional.indices.contains(index) else {
                throw Fault.failed("a format names the argument \(index), which is missing")
            }
            value = arguments.positional[index]
        } else {
            guard let named = arguments.named.first(where: { same($0.name, name) }) else {
                throw Fault.failed("a format names the argument '\(name)', which is missing")
            }
            value = named.value
        }
        var rest = path[nameEnd...]
        while let sign = rest.popFirst() {
            if sign == "." {
                let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                value = try attribute(value, text(rest[..<end]), line)
                rest = rest[end...]
            } else {
                guard let end = rest.firstIndex(of: "]") else { throw Fault.failed("a format lacks a ']'") }
                let key = text(rest[..<end])
                value = try item(value, Int(key).map(Value.integer) ?? .string(key), line)
                rest = rest[(end + 1)...]
            }
        }
        return value
    }
}
