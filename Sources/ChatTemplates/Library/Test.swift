/// What stands behind `is`.
enum Test: String {
    case defined, undefined, none, boolean, `true`, `false`, integer, float, number, string, mapping, sequence, iterable
    case callable, odd, even, divisibleby, lower, upper, sameas, escaped, `in`, filter, test
    case equal = "eq"
    case equalto, ne, lt, lessthan, le, gt, greaterthan, ge
    case equalSign = "=="
    case notEqualSign = "!="
    case lessSign = "<"
    case lessOrEqualSign = "<="
    case greaterSign = ">"
    case greaterOrEqualSign = ">="

    /// How it compares two values, if that is what it does.
    var comparison: ComparisonSign? {
        switch self {
        case .equal, .equalto, .equalSign: .equal
        case .ne, .notEqualSign: .notEqual
        case .lt, .lessthan, .lessSign: .less
        case .le, .lessOrEqualSign: .lessOrEqual
        case .gt, .greaterthan, .greaterSign: .greater
        case .ge, .greaterOrEqualSign: .greaterOrEqual
        case .in: .isIn
        default: nil
        }
    }
}

extension Renderer {
    func test(_ value: Value, _ test: Test, _ arguments: Arguments) throws -> Bool {
        let label = "the test '\(test.rawValue)'"
        if let comparison = test.comparison {
            let other = try arguments.bound(to: ["other"], required: 1, of: label).required(0)
            return try compare(value, comparison, other)
        }
        switch test {
        case .divisibleby:
            let divisor = try arguments.bound(to: ["num"], required: 1, of: label).required(0)
            return try budget.equal(arithmetic(.modulo, value, divisor), .integer(0))
        case .sameas:
            return try isSame(value, arguments.bound(to: ["other"], required: 1, of: label).required(0))
        default: try arguments.requireNone(of: label)
        }
        switch test {
        case .odd: return try budget.equal(arithmetic(.modulo, value, .integer(2)), .integer(1))
        case .even: return try budget.equal(arithmetic(.modulo, value, .integer(2)), .integer(0))
        case .lower, .upper:
            let text = try text(of: value)
            try budget.spend(bytes: text.utf8.count)
            return text.isAll(in: test == .lower ? \.isLowercase : \.isUppercase)
        case .filter, .test:
            guard case .string(let name) = value else { return false }
            return test == .filter ? Filter(rawValue: name) != nil : Test(rawValue: name) != nil
        default: return hasType(value, test)
        }
    }

    private func hasType(_ value: Value, _ test: Test) -> Bool {
        switch (test, value) {
        case (.undefined, .undefined), (.none, .none), (.boolean, .bool), (.true, .bool(true)), (.false, .bool(false)),
            (.integer, .integer), (.float, .number), (.string, .string), (.mapping, .dict), (.callable, .function),
            (.callable, .loop), (.number, .bool), (.number, .integer), (.number, .number):
            true
        case (.defined, .undefined): false
        case (.defined, _): true
        case (.callable, .undefined): true
        case (.iterable, .namespace), (.iterable, .cycler), (.iterable, .function), (.iterable, .none),
            (.iterable, .bool),
            (.iterable, .integer), (.iterable, .number):
            false
        case (.iterable, _): true
        case (.sequence, .string), (.sequence, .list), (.sequence, .tuple), (.sequence, .dict), (.sequence, .range):
            true
        case (.sequence, .undefined): true
        default: false
        }
    }

    /// Python's `is`, as far as a template can rely on it.
    private func isSame(_ a: Value, _ b: Value) throws -> Bool {
        switch (a, b) {
        case (.none, .none): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.string, .string), (.namespace, .namespace): try budget.equal(a, b)
        case (.dict(let a), .dict(let b)): a === b
        default: false
        }
    }
}

extension String {
    /// `str.islower` and its kin: at least one cased character, and none of another case.
    func isAll(in isRight: (Unicode.Scalar.Properties) -> Bool) -> Bool {
        var found = false
        for scalar in unicodeScalars where scalar.properties.isCased {
            guard isRight(scalar.properties), !scalar.isTitlecase else { return false }
            found = true
        }
        return found
    }
}
