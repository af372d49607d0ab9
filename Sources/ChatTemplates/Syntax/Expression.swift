/// What stands between `{{` and `}}`, and inside a statement.
///
/// Chains of operators of one precedence are lists and not nested pairs, so that a long one is not a deep one.
indirect enum Expression: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case name(Name, line: Int)
    case list([Expression])
    case tuple([Expression])
    case dict([(key: Expression, value: Expression)])
    case attribute(Expression, String, line: Int)
    case item(Expression, Expression, line: Int)
    case slice(Expression, start: Expression?, stop: Expression?, step: Expression?, line: Int)
    case call(Expression, CallArguments, line: Int)
    /// Without an operand it is a filter block's or a block assignment's, whose text takes that place.
    case filter(Expression?, Filter, CallArguments, line: Int)
    case unknownFilter(String, line: Int)
    case test(Expression, Test, CallArguments, line: Int)
    case unknownTest(String, line: Int)
    case not(Expression)
    case negative(Expression)
    case positive(Expression)
    case all([Expression])
    case any([Expression])
    case arithmetic(Expression, [(sign: ArithmeticSign, operand: Expression)], line: Int)
    case concatenation([Expression])
    case comparison(Expression, [(sign: ComparisonSign, operand: Expression)], line: Int)
    case conditional(Expression, then: Expression, else: Expression?, line: Int)
}

/// A variable's name and its number among all names of the template.
struct Name: Sendable, Equatable {
    let text: String
    let id: Int
}

struct CallArguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
    /// `*values` and `**values`.
    var unpackedList: Expression?
    var unpackedDict: Expression?

    var isEmpty: Bool { positional.isEmpty && named.isEmpty && unpackedList == nil && unpackedDict == nil }
}

enum ArithmeticSign: String {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum ComparisonSign: String {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case notIn = "not in"
}
