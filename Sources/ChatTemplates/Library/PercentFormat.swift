/// `"%s has %d" % (name, count)` and `"%(name)s" % {"name": …}`.
extension Renderer {
    func format(_ pattern: String, percent operand: Value) throws -> String {
        try budget.spend(bytes: pattern.utf8.count)
        var values: [Value]
        if case .tuple(let elements) = operand { values = elements.values } else { values = [operand] }
        var members: Dict?
        if case .dict(let dict) = operand { members = dict }
        var used = 0
        var result = String.UnicodeScalarView()
        var rest = Array(pattern.unicodeScalars)[...]

        func next() throws -> Value {
            guard used < values.count else { throw Fault.failed("not enough arguments for format string") }
            used += 1
            return values[used - 1]
        }

        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.append(scalar)
                continue
            }
            var value: Value?
            if rest.first == "(" {
                guard let members else { throw Fault.failed("format requires a mapping") }
                guard let end = rest.firstIndex(of: ")") else { throw Fault.failed("incomplete format key") }
                let key = String(String.UnicodeScalarView(rest[(rest.startIndex + 1)..<end]))
                guard let member = members.find(key) else { throw Fault.failed("format lacks the key '\(key)'") }
                value = member
                values = []
                rest = rest[(end + 1)...]
            }
            let (specification, conversion) = try percentSpecification(&rest) {
                guard let count = try next().asInteger else { throw Fault.failed("* wants int") }
                return count
            }
            if conversion == "%" {
                result.append("%")
                continue
            }
            let text = try text(of: value ?? next(), specification, conversion)
            try budget.spend(bytes: text.utf8.count)
            result.append(contentsOf: text.unicodeScalars)
        }
        // What could be a mapping need not be used.
        let mayBeUnused =
            switch operand {
            case .dict, .list, .range, .undefined: used == 0
            default: false
            }
        guard used == values.count || mayBeUnused else {
            throw Fault.failed("not all arguments converted during string formatting")
        }
        return String(result)
    }

    private func percentSpecification(
        _ rest: inout ArraySlice<Unicode.Scalar>, _ star: () throws -> Int
    ) throws -> (FormatSpecification, Unicode.Scalar) {
        var specification = FormatSpecification()
        while let flag = rest.first, ["-", "+", " ", "#", "0"].contains(flag) {
            rest.removeFirst()
            switch flag {
            case "-": specification.alignment = "<"
            case "+": specification.sign = "+"
            case " ": if specification.sign != "+" { specification.sign = " " }
            case "#": specification.isAlternate = true
            default: specification.fill = "0"
            }
        }
        if specification.fill == "0" {
            if specification.alignment == nil { specification.alignment = "=" } else { specification.fill = " " }
        }
        func number() throws -> Int? {
            guard rest.first == "*" else { return try FormatSpecification.number(&rest) }
            rest.removeFirst()
            let count = try star()
            guard count.magnitude <= FormatSpecification.widest else { throw Fault.failed("a format is too wide") }
            return count
        }
        if let width = try number() {
            if width < 0 {
                specification.alignment = "<"
                specification.fill = " "
            }
            specification.width = abs(width)
        }
        if rest.first == "." {
            rest.removeFirst()
            specification.precision = max(try number() ?? 0, 0)
        }
        while let modifier = rest.first, ["h", "l", "L"].contains(modifier) { rest.removeFirst() }
        guard let conversion = rest.popFirst() else { throw Fault.failed("incomplete format") }
        return (specification, conversion)
    }

    private func text(
        of value: Value, _ specification: FormatSpecification, _ conversion: Unicode.Scalar
    ) throws -> String {
        var specification = specification
        try budget.spend(bytes: specification.width)
        func plain(_ text: String) throws -> String {
            if specification.alignment == "=" {
                specification.fill = " "
                specification.alignment = nil
            }
            specification.alignment = specification.alignment ?? ">"
            return try specification.text(of: text)
        }
        switch conversion {
        case "s": return try plain(text(of: value))
        case "r": return try plain(ValueWriter.representation(of: value, budget))
        case "c":
            if case .string(let text) = value, text.unicodeScalars.count == 1 { return try plain(text) }
            guard let integer = value.asInteger, let code = UInt32(exactly: integer), let scalar = Unicode.Scalar(code)
            else { throw Fault.failed("%c requires int or char") }
            return try plain(String(scalar))
        case "d", "i", "u", "x", "X", "o":
            var integer = value.asInteger
            if case .number(let number) = value, ["d", "i", "u"].contains(conversion) {
                integer = Int(exactly: number.rounded(.towardZero))
            }
            guard let integer else {
                throw Fault.failed("%\(conversion) format: a whole number is required, not \(value.typeName)")
            }
            specification.type = ["i", "u"].contains(conversion) ? "d" : conversion
            let digits = specification.precision
            specification.precision = nil
            guard let digits else { return try specification.text(of: integer) }
            var minimal = specification
            minimal.width = 0
            let text = try minimal.text(of: integer.magnitude > Int.max ? integer : abs(integer))
            let zeros = String(repeating: "0", count: max(0, digits - text.unicodeScalars.count))
            try budget.spend(bytes: zeros.utf8.count)
            return specification.padded(zeros + text, sign: integer < 0 ? "-" : "", standard: ">")
        case "e", "E", "f", "F", "g", "G":
            guard let number = value.asNumber else {
                throw Fault.failed("%\(conversion) format: a number is required, not \(value.typeName)")
            }
            specification.type = conversion
            return try specification.text(of: number)
        default: throw Fault.failed("unsupported format character '\(conversion)'")
        }
    }
}
