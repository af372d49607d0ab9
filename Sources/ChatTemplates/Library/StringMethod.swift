/// Methods of strings.
enum StringMethod: String {
    case split, rsplit, splitlines, strip, lstrip, rstrip, removeprefix, removesuffix
    case startswith, endswith, find, rfind, index, rindex, count
    case upper, lower, title, capitalize, swapcase, casefold
    case replace, join, format, partition, rpartition, center, ljust, rjust, zfill, expandtabs
    case isdigit, isdecimal, isnumeric, isalpha, isalnum, isspace, islower, isupper, istitle, isascii, isprintable,
        isidentifier

    enum Alignment { case left, center, right }
}

extension Renderer {
    func call(_ method: StringMethod, of text: String, _ arguments: Arguments) throws -> Value {
        try budget.spend(bytes: text.utf8.count)
        let label = "str.\(method.rawValue)"
        switch method {
        case .format: return .string(try format(text, arguments))
        case .split, .rsplit: return try split(text, arguments.bound(to: ["sep", "maxsplit"], of: label), method)
        case .splitlines:
            let keepsEnds = try arguments.bound(to: ["keepends"], of: label).isTrue(0)
            let lines = text.lines(keepingEnds: keepsEnds)
            try budget.spend(elements: lines.count)
            return try .list(lines.map { .string($0) })
        default: try arguments.requireOnlyPositional(of: label)
        }
        switch method {
        case .strip, .lstrip, .rstrip:
            let bound = try arguments.bound(to: ["chars"], of: label)
            let (left, right) = (method != .rstrip, method != .lstrip)
            guard bound.optional(0) != nil, let unwanted = try bound.string(0) else {
                return .string(text.strippedOfSpace(left: left, right: right))
            }
            return .string(text.stripped(of: unwanted.unicodeScalars.contains, left: left, right: right))
        case .removeprefix, .removesuffix:
            let part = try required(arguments, ["affix"], label)
            guard !part.isEmpty, part.utf8.count <= text.utf8.count else { return .string(text) }
            if method == .removeprefix {
                guard text.utf8.starts(with: part.utf8) else { return .string(text) }
                return .string(String(decoding: text.utf8.dropFirst(part.utf8.count), as: UTF8.self))
            }
            guard text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8) else { return .string(text) }
            return .string(String(decoding: text.utf8.dropLast(part.utf8.count), as: UTF8.self))
        case .startswith, .endswith: return .bool(try hasAffix(text, arguments, method))
        case .find, .rfind, .index, .rindex, .count: return try search(text, arguments, method)
        case .replace:
            let bound = try arguments.bound(to: ["old", "new", "count"], required: 2, of: label)
            guard let old = try bound.string(0), let new = try bound.string(1) else { return .string(text) }
            return .string(try budget.replace(text, old, new, count: bound.integer(2) ?? -1))
        case .join: return .string(try join(arguments, with: text))
        case .partition, .rpartition:
            let separator = try required(arguments, ["sep"], label)
            return try partition(text, separator, last: method == .rpartition)
        case .center, .ljust, .rjust:
            let bound = try arguments.bound(to: ["width", "fillchar"], required: 1, of: label)
            let fill = try bound.string(1) ?? " "
            guard fill.unicodeScalars.count == 1 else {
                throw Fault.failed("\(label) needs one character to fill with")
            }
            let alignment: StringMethod.Alignment = method == .center ? .center : method == .ljust ? .left : .right
            return .string(try justified(text, bound.integer(0) ?? 0, fill, alignment))
        case .zfill:
            let width = try arguments.bound(to: ["width"], required: 1, of: label).integer(0) ?? 0
            let sign = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.prefix(1)) : ""
            let padded = try justified(
                String(text.dropFirst(sign.count)), width.subtractingReportingOverflow(sign.count).partialValue, "0",
                .right)
            return .string(sign + padded)
        case .expandtabs:
            return .string(try expandTabs(text, arguments.bound(to: ["tabsize"], of: label).integer(0) ?? 8))
        default:
            try arguments.requireNone(of: label)
            return plain(method, text)
        }
    }

    private func required(_ arguments: Arguments, _ names: [String], _ label: String) throws -> String {
        try arguments.bound(to: names, required: 1, of: label).string(0) ?? ""
    }

    /// Those that need nothing but the text.
    private func plain(_ method: StringMethod, _ text: String) -> Value {
        let scalars = text.unicodeScalars
        func all(_ holds: (Unicode.Scalar) -> Bool) -> Value { .bool(!scalars.isEmpty && scalars.allSatisfy(holds)) }
        switch method {
        case .upper: return .string(text.pythonUppercased)
        case .lower: return .string(text.pythonLowercased)
        case .casefold:
            return .string(
                text.pythonLowercased.unicodeScalars.reduce(into: "") { $0 += $1 == "ß" ? "ss" : String($1) })
        case .title: return .string(text.pythonTitlecased)
        case .capitalize: return .string(text.pythonCapitalized)
        case .swapcase:
            return .string(
                scalars.reduce(into: "") {
                    $0 += $1.properties.isUppercase ? $1.properties.lowercaseMapping : $1.properties.uppercaseMapping
                })
        case .isdigit: return all(\.isDigit)
        case .isdecimal: return all(\.isDecimal)
        case .isnumeric: return all(\.isNumeric)
        case .isalpha: return all(\.isLetter)
        case .isalnum: return all { $0.isLetter || $0.isNumeric }
        case .isspace: return all(\.isSpace)
        case .islower: return .bool(text.isAll(in: \.isLowercase))
        case .isupper: return .bool(text.isAll(in: \.isUppercase))
        case .isascii: return .bool(scalars.allSatisfy(\.isASCII))
        case .isprintable: return .bool(scalars.allSatisfy(\.isPrintable))
        case .isidentifier:
            let start = scalars.first.map { $0 == "_" || $0.properties.isXIDStart } ?? false
            return .bool(start && scalars.dropFirst().allSatisfy(\.properties.isXIDContinue))
        case .istitle:
            var (found, inWord) = (false, false)
            for scalar in scalars {
                if scalar.properties.isUppercase || scalar.isTitlecase {
                    if inWord { return .bool(false) }
                    (found, inWord) = (true, true)
                } else if scalar.properties.isLowercase {
                    if !inWord { return .bool(false) }
                } else {
                    inWord = false
                }
            }
            return .bool(found)
        default: return .string(text)
        }
    }

    private func split(_ text: String, _ bound: BoundArguments, _ method: StringMethod) throws -> Value {
        let limit = try bound.integer(1) ?? -1
        guard bound.optional(0) != nil, let separator = try bound.string(0) else {
            return try .list(budget.splitWords(text, atMost: limit, fromEnd: method == .rsplit))
        }
        return try .list(budget.split(text, by: separator, atMost: limit, fromEnd: method == .rsplit))
    }

    /// The part of the text that optional start and end arguments leave, and where it begins.
    private func part(_ text: String, _ bound: BoundArguments) throws -> (text: String, start: Int)? {
        guard bound.optional(1) != nil || bound.optional(2) != nil else { return (text, 0) }
        let count = text.unicodeScalars.count
        let (start, stop) = (
            bound.optional(1) == nil ? nil : try bound.integer(1), bound.optional(2) == nil ? nil : try bound.integer(2)
        )
        if let start, start > count { return nil }
        let slice = try Slice(start: start, stop: stop, step: nil, of: count)
        return (slice.pick(text), slice.start)
    }

    private func hasAffix(_ text: String, _ arguments: Arguments, _ method: StringMethod) throws -> Bool {
        let bound = try arguments.bound(to: ["affix", "start", "end"], required: 1, of: "str.\(method.rawValue)")
        guard let (text, _) = try part(text, bound) else { return false }
        var affixes = [try bound.required(0)]
        if case .tuple(let elements) = affixes[0] { affixes = elements.values }
        for affix in affixes {
            guard case .string(let affix) = affix else {
                throw Fault.failed("str.\(method.rawValue) needs a string or a tuple of strings")
            }
            try budget.spend(bytes: affix.utf8.count)
            let (whole, part) = (text.utf8, affix.utf8)
            if method == .startswith ? whole.starts(with: part) : whole.suffix(part.count).elementsEqual(part) {
                return true
            }
        }
        return false
    }

    private func search(_ text: String, _ arguments: Arguments, _ method: StringMethod) throws -> Value {
        let bound = try arguments.bound(to: ["sub", "start", "end"], required: 1, of: "str.\(method.rawValue)")
        let part = try bound.string(0) ?? ""
        let range = try self.part(text, bound)
        if method == .count {
            guard let range else { return .integer(0) }
            guard !part.isEmpty else { return .integer(range.text.unicodeScalars.count + 1) }
            return .integer(try budget.split(range.text, by: part, atMost: -1, fromEnd: false).count - 1)
        }
        let isLast = method == .rfind || method == .rindex
        guard let range, let offset = try budget.search(range.text, for: part, last: isLast) else {
            guard method == .find || method == .rfind else { throw Fault.failed("substring not found") }
            return .integer(-1)
        }
        let before = String(decoding: range.text.utf8.prefix(offset), as: UTF8.self)
        return .integer(range.start + before.unicodeScalars.count)
    }

    private func join(_ arguments: Arguments, with separator: String) throws -> String {
        let list = try arguments.bound(to: ["iterable"], required: 1, of: "str.join").required(0)
        var result = ""
        for (index, element) in try budget.elements(of: list).enumerated() {
            guard case .string(let text) = element else {
                throw Fault.failed("sequence item \(index): expected str instance, \(element.typeName) found")
            }
            try budget.spend(bytes: text.utf8.count + separator.utf8.count)
            if index > 0 { result += separator }
            result += text
        }
        return result
    }

    private func partition(_ text: String, _ separator: String, last: Bool) throws -> Value {
        guard !separator.isEmpty else { throw Fault.failed("empty separator") }
        let parts = try budget.split(text, by: separator, atMost: 1, fromEnd: last)
        let none = Value.string("")
        if parts.count == 2 { return try .tuple([parts[0], .string(separator), parts[1]]) }
        return try .tuple(last ? [none, none, .string(text)] : [.string(text), none, none])
    }

    func justified(_ text: String, _ width: Int, _ fill: String, _ alignment: StringMethod.Alignment) throws -> String {
        let missing = width.subtractingReportingOverflow(text.unicodeScalars.count).partialValue
        guard width > 0, missing > 0 else { return text }
        try budget.spend(
            bytes: missing.multipliedReportingOverflow(by: fill.utf8.count).overflow ? .max : missing * fill.utf8.count)
        func filling(_ count: Int) -> String { String(repeating: fill, count: count) }
        switch alignment {
        case .left: return text + filling(missing)
        case .right: return filling(missing) + text
        case .center:
            // Python's choice where both sides cannot be the same.
            let left = missing / 2 + (missing & width & 1)
            return filling(left) + text + filling(missing - left)
        }
    }

    private func expandTabs(_ text: String, _ size: Int) throws -> String {
        var result = String.UnicodeScalarView()
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                guard size > 0 else { continue }
                let count = size - column % size
                try budget.spend(bytes: count)
                result.append(contentsOf: repeatElement(" ", count: count))
                column += count
            } else {
                result.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return String(result)
    }
}
