import Basics

/// Turns tokens into statements, by Jinja's grammar.
struct Parser {
    private let tokens: [Token]
    private var index = 0
    /// Expressions and statements that the current one lies in.
    private var depth = 0
    var loops = 0
    /// Names of the template and their numbers.
    private(set) var names: [String: Int] = [:]
    /// Filters and tests that do not exist, found outside of any condition: there the template might not use them.
    var unknown: [(line: Int, reason: String)] = []
    /// For each macro around: which of its extra names its body speaks of.
    var extras: [MacroDefinition.Extras] = []

    /// Nobody writes deeper ones, and deeper trees would need more stack than a thread has.
    private static let deepest = 50
    /// Of attributes, items, calls and filters behind one another.
    static let longestPostfix = 40
    /// Of a call, and parameters of a macro.
    static let mostArguments = 255

    struct Result {
        var statements: [Statement]
        var names: [String: Int]
    }

    /// - Throws: `ChatTemplateError.syntax`.
    static func parse(_ text: String) throws(ChatTemplateError) -> Result {
        var parser = Parser(tokens: try Lexer.tokens(of: text))
        let statements = try parser.statements(until: [])
        if let (line, reason) = parser.unknown.first { throw .syntax(line: line, reason) }
        return Result(statements: statements, names: parser.names)
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    // MARK: Tokens

    var token: Token { tokens[index] }
    var line: Int { tokens[index].line }
    var next: Token.Kind { tokens[min(index + 1, tokens.count - 1)].kind }

    mutating func skip(_ count: Int = 1) { index = min(index + count, tokens.count - 1) }

    func at(_ sign: Token.Sign) -> Bool { token.kind == .sign(sign) }
    func at(word: String) -> Bool { token.kind == .name(word) }
    func at(anyOf words: [String]) -> Bool {
        if case .name(let name) = token.kind { words.contains { same($0, name) } } else { false }
    }

    mutating func take(_ sign: Token.Sign) -> Bool {
        guard at(sign) else { return false }
        skip()
        return true
    }

    mutating func take(word: String) -> Bool {
        guard at(word: word) else { return false }
        skip()
        return true
    }

    mutating func expect(_ sign: Token.Sign) throws(ChatTemplateError) {
        guard take(sign) else { throw failure("'\(sign.rawValue)' is expected instead of \(token.summary)") }
    }

    mutating func expect(word: String) throws(ChatTemplateError) {
        guard take(word: word) else { throw failure("'\(word)' is expected instead of \(token.summary)") }
    }

    mutating func expect(_ kind: Token.Kind, _ what: String) throws(ChatTemplateError) {
        guard token.kind == kind else { throw failure("\(what) is expected instead of \(token.summary)") }
        skip()
    }

    mutating func expectName() throws(ChatTemplateError) -> String {
        guard case .name(let name) = token.kind else { throw failure("a name is expected instead of \(token.summary)") }
        skip()
        return name
    }

    func failure(_ reason: String, line: Int? = nil) -> ChatTemplateError { .syntax(line: line ?? self.line, reason) }

    // MARK: Names and depth

    mutating func name(_ text: String) -> Name {
        if let id = names[text] { return Name(text: text, id: id) }
        let id = names.count
        names[text] = id
        return Name(text: text, id: id)
    }

    /// A name that is read, which may make it known that a macro needs to be handed its caller or its further arguments.
    mutating func usedName(_ text: String) -> Name {
        let name = name(text)
        for index in extras.indices {
            switch text {
            case "caller": extras[index].caller = name
            case "varargs": extras[index].varargs = name
            case "kwargs": extras[index].kwargs = name
            default: return name
            }
        }
        return name
    }

    mutating func nested<Node>(
        _ parse: (inout Parser) throws(ChatTemplateError) -> Node
    ) throws(ChatTemplateError) -> Node {
        guard depth < Self.deepest else { throw failure("the template is nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        return try parse(&self)
    }

    // MARK: Statements

    /// Text, outputs and statements up to a tag that begins with one of these words, which stays unread; or up to the end.
    mutating func statements(until words: [String]) throws(ChatTemplateError) -> [Statement] {
        var statements: [Statement] = []
        while true {
            switch token.kind {
            case .data(let text):
                statements.append(.text(text))
                skip()
            case .variableBegin:
                skip()
                let line = line
                statements.append(.output(try tuple(), line: line))
                try expect(.variableEnd, "'}}'")
            case .blockBegin:
                skip()
                if at(anyOf: words) { return statements }
                try nested { (parser) throws(ChatTemplateError) in try parser.statement(into: &statements, words) }
                try expect(.blockEnd, "'%}'")
            default:
                guard words.isEmpty else {
                    throw failure("the template ends where '\(words[words.count - 1])' is expected")
                }
                return statements
            }
        }
    }

    /// The body of a statement: the rest of its tag, then what follows up to one of these words.
    mutating func body(until words: [String]) throws(ChatTemplateError) -> [Statement] {
        _ = take(.colon)
        try expect(.blockEnd, "'%}'")
        return try statements(until: words)
    }

    /// The body up to a word, which is read.
    mutating func body(closedBy word: String) throws(ChatTemplateError) -> [Statement] {
        let body = try body(until: [word])
        skip()
        return body
    }

    private mutating func statement(into statements: inout [Statement], _ words: [String]) throws(ChatTemplateError) {
        let line = line
        guard case .name(let word) = token.kind else { throw failure("a tag begins with \(token.summary)") }
        switch word {
        case "if": statements.append(try branch())
        case "for": statements.append(try loop())
        case "set": statements.append(try assignment())
        case "macro": statements.append(try macro())
        case "call": statements.append(try callBlock())
        case "filter":
            skip()
            let filter = try filters(of: nil, startsInline: true)
            statements.append(.filterBlock(filter, try body(closedBy: "endfilter"), line: line))
        case "with": statements.append(try with())
        case "generation":
            skip()
            let outer = loops
            loops = 0
            statements.append(.generation(try body(closedBy: "endgeneration"), line: line))
            loops = outer
        case "print":
            skip()
            var isFirst = true
            while token.kind != .blockEnd {
                if !isFirst { try expect(.comma) }
                isFirst = false
                statements.append(.output(try expression(), line: line))
            }
        case "break", "continue":
            guard loops > 0 else { throw failure("'\(word)' stands outside of a loop") }
            skip()
            statements.append(word == "break" ? .breakLoop : .continueLoop)
        case "block", "extends", "include", "import", "from", "autoescape":
            throw failure("'\(word)' is not supported in a chat template")
        default:
            let expected = words.last.map { "; '\($0)' is missing" } ?? ""
            throw failure("there is no tag '\(printable(word, limit: 60))'\(expected)")
        }
    }
}
