extension Renderer {
    func textFilter(_ filter: Filter, _ value: Value, _ arguments: Arguments) throws -> Value {
        let label = "the filter '\(filter.rawValue)'"
        if filter == .truncate || filter == .indent {
            guard case .string = value else {
                if case .undefined(let undefined) = value, filter == .indent { throw Fault.failed(undefined.message) }
                // What is short enough is not looked at.
                if filter == .truncate, try count(value) <= (arguments.positional.first?.asInteger ?? 255) {
                    return value
                }
                throw Fault.failed("\(label) needs a string, not \(value.typeName)")
            }
        }
        let text = try text(of: value)
        try budget.spend(bytes: text.utf8.count)
        switch filter {
        case .trim:
            let bound = try arguments.bound(to: ["chars"], of: label)
            guard bound.optional(0) != nil, let characters = try bound.string(0) else {
                return .string(text.strippedOfSpace())
            }
            return .string(text.stripped(of: characters.unicodeScalars.contains))
        case .replace:
            let bound = try arguments.bound(to: ["old", "new", "count"], required: 2, of: label)
            let (old, new) = (try self.text(of: bound.required(0)), try self.text(of: bound.required(1)))
            let count = bound.optional(2) == nil ? nil : try bound.integer(2)
            return .string(try budget.replace(text, old, new, count: count ?? -1))
        case .indent:
            let bound = try arguments.bound(to: ["width", "first", "blank"], of: label)
            return .string(try indented(text, bound))
        case .truncate:
            let bound = try arguments.bound(to: ["length", "killwords", "end", "leeway"], of: label)
            return .string(try truncated(text, bound))
        case .center:
            let width = try arguments.bound(to: ["width"], of: label).integer(0) ?? 80
            return .string(try justified(text, width, " ", .center))
        case .format:
            guard arguments.named.isEmpty || arguments.positional.isEmpty else {
                throw Fault.failed("\(label) can't handle positional and keyword arguments at the same time")
            }
            guard !arguments.named.isEmpty else {
                return .string(try format(text, percent: .tuple(arguments.positional)))
            }
            let dict = Dict()
            for (name, value) in arguments.named { try dict.set(name, value) }
            return .string(try format(text, percent: .dict(dict)))
        default: try arguments.requireNone(of: label)
        }
        switch filter {
        case .upper: return .string(text.pythonUppercased)
        case .lower: return .string(text.pythonLowercased)
        case .capitalize: return .string(text.pythonCapitalized)
        case .title: return .string(titled(text))
        case .wordcount: return .integer(wordCount(text))
        case .urlencode: return .string(try urlEncoded(value, text))
        case .escape, .e, .forceescape: return .string(escaped(text))
        default: return .string(text)
        }
    }

    /// Every word capitalized; words begin behind white space and behind -, (, {, [ and <.
    private func titled(_ text: String) -> String {
        var result = ""
        var atStart = true
        for scalar in text.unicodeScalars {
            let parts = scalar.isSpace || ["-", "(", "{", "[", "<"].contains(scalar)
            result += atStart && !parts ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            atStart = parts
        }
        return result
    }

    private func wordCount(_ text: String) -> Int {
        var count = 0
        var inWord = false
        for scalar in text.unicodeScalars {
            let belongs = scalar == "_" || scalar.isLetter || scalar.isNumeric
            if belongs, !inWord { count += 1 }
            inWord = belongs
        }
        return count
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private func urlEncoded(_ value: Value, _ text: String) throws -> String {
        func quoted(_ text: String, inQuery: Bool) -> String {
            var result = ""
            for byte in text.utf8 {
                let scalar = Unicode.Scalar(byte)
                let isPlain =
                    scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                    || ["_", ".", "-", "~"].contains(scalar) || scalar == "/" && !inQuery
                if isPlain {
                    result.unicodeScalars.append(scalar)
                } else if scalar == " ", inQuery {
                    result += "+"
                } else {
                    result += "%" + hexadecimal(UInt32(byte), width: 2).uppercased()
                }
            }
            return result
        }
        let pairs: [Value]
        switch value {
        case .dict(let dict): pairs = try dict.pairs()
        case .list, .tuple, .view, .iterator: pairs = try budget.elements(of: value)
        default: return quoted(text, inQuery: false)
        }
        return try pairs.map { pair in
            let parts = try budget.elements(of: pair)
            guard parts.count == 2 else { throw Fault.failed("urlencode needs pairs") }
            return try parts.map { quoted(try self.text(of: $0), inQuery: true) }.joined(separator: "=")
        }.joined(separator: "&")
    }

    private func indented(_ text: String, _ bound: BoundArguments) throws -> String {
        let indentation: String
        if case .string(let text) = bound[0] {
            indentation = text
        } else {
            let width = max(try bound.integer(0) ?? 4, 0)
            try budget.spend(bytes: width)
            indentation = String(repeating: " ", count: width)
        }
        let lines = (text + "\n").lines()
        try budget.spend(bytes: lines.count.multipliedReportingOverflow(by: indentation.utf8.count).partialValue)
        var result = bound.isTrue(1) ? indentation : ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += bound.isTrue(2) || !line.isEmpty ? "\n" + indentation : "\n" }
            result += line
        }
        return result
    }

    private func truncated(_ text: String, _ bound: BoundArguments) throws -> String {
        let length = try bound.integer(0) ?? 255
        let end = try bound.string(2) ?? "..."
        let leeway = bound.optional(3) == nil ? 5 : try bound.integer(3) ?? 5
        let endCount = end.unicodeScalars.count
        guard length >= endCount else { throw Fault.failed("truncate: expected length >= \(endCount), got \(length)") }
        guard leeway >= 0 else { throw Fault.failed("truncate: expected leeway >= 0, got \(leeway)") }
        let scalars = text.unicodeScalars
        let (most, overflow) = length.addingReportingOverflow(leeway)
        if overflow || scalars.count <= most { return text }
        var kept = Array(scalars.prefix(length - endCount))
        if !bound.isTrue(1), let space = kept.lastIndex(of: " ") { kept.removeSubrange(space...) }
        return String(String.UnicodeScalarView(kept)) + end
    }
}
