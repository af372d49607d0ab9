/// Cuts a template into tokens, as Jinja's lexer does with `trim_blocks` and `lstrip_blocks`.
struct Lexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    /// Whether the last tag or text ended with a line break, or there was none yet.
    private var atLineStart = true
    private var tokens: [Token] = []

    /// - Throws: `ChatTemplateError.syntax`.
    static func tokens(of text: String) throws(ChatTemplateError) -> [Token] {
        var lexer = Lexer(text)
        while lexer.position < lexer.source.count { try lexer.readText() }
        lexer.add(.end)
        return lexer.tokens
    }

    /// Line breaks become \n, and one at the end is dropped.
    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if !(scalar == "\n" && previous == "\r") {
                scalars.append(scalar)
            }
            previous = scalar
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    private mutating func add(_ kind: Token.Kind) { tokens.append(Token(kind: kind, line: line)) }

    private func scalar(at index: Int) -> Unicode.Scalar? { index < source.count ? source[index] : nil }

    private func has(_ text: StaticString, at index: Int) -> Bool {
        var index = index
        for scalar in text.description.unicodeScalars {
            guard self.scalar(at: index) == scalar else { return false }
            index += 1
        }
        return true
    }

    private func afterSpace(_ index: Int) -> Int {
        var index = index
        while let scalar = scalar(at: index), scalar.isSpace { index += 1 }
        return index
    }

    private mutating func advance(to end: Int) {
        for index in position..<end where source[index] == "\n" { line += 1 }
        if end > position { atLineStart = source[end - 1] == "\n" }
        position = end
    }

    private func failure(_ reason: String) -> ChatTemplateError { .syntax(line: line, reason) }

    // MARK: Text outside of tags

    private enum Opening { case variable, block, comment, raw }

    private mutating func readText() throws(ChatTemplateError) {
        let start = position
        var end = position
        var opening: Opening?
        while end < source.count {
            if source[end] == "{" {
                switch scalar(at: end + 1) {
                case "{": opening = .variable
                case "%": opening = rawBodyStart(end) == nil ? .block : .raw
                case "#": opening = .comment
                default: break
                }
                if opening != nil { break }
            }
            end += 1
        }
        guard let opening else {
            addData(start..<end)
            advance(to: end)
            return
        }
        let sign = scalar(at: end + 2)
        addData(start..<stripped(start..<end, sign: sign, isVariable: opening == .variable))
        advance(to: end)
        let hasSign = sign == "-" || sign == "+"
        switch opening {
        case .variable:
            add(.variableBegin)
            advance(to: end + (hasSign ? 3 : 2))
            try readTag(isBlock: false)
        case .block:
            add(.blockBegin)
            advance(to: end + (hasSign ? 3 : 2))
            try readTag(isBlock: true)
        case .comment:
            advance(to: end + (hasSign ? 3 : 2))
            try skipComment()
        case .raw:
            advance(to: rawBodyStart(end) ?? end)
            try readRaw()
        }
    }

    private mutating func addData(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: source[range])
        add(.data(String(text)))
    }

    /// Where text ends that stands before a tag: white space goes by a `-`, and before a block as far as the line's begin.
    private func stripped(_ range: Range<Int>, sign: Unicode.Scalar?, isVariable: Bool) -> Int {
        var end = range.upperBound
        if sign == "-" {
            while end > range.lowerBound, source[end - 1].isSpace { end -= 1 }
        } else if sign != "+", !isVariable {
            while end > range.lowerBound, source[end - 1].isSpace, source[end - 1] != "\n" { end -= 1 }
            let lineBegins = end > range.lowerBound ? source[end - 1] == "\n" : atLineStart
            if !lineBegins { end = range.upperBound }
        }
        return end
    }

    private mutating func skipComment() throws(ChatTemplateError) {
        var index = position
        while index < source.count, !has("#}", at: index) { index += 1 }
        guard index < source.count else { throw failure("a comment is not closed: '#}' is missing") }
        let sign: Unicode.Scalar? = index > position ? source[index - 1] : nil
        advance(to: afterClosing(index, sign))
    }

    /// Behind a closing tag whose sign stands in front of it.
    private func afterClosing(_ index: Int, _ sign: Unicode.Scalar?) -> Int {
        if sign == "-" { return afterSpace(index + 2) }
        return sign != "+" && scalar(at: index + 2) == "\n" ? index + 3 : index + 2
    }

    /// Where the body of a raw block begins whose tag stands here; `nil` where none does.
    private func rawBodyStart(_ index: Int) -> Int? {
        var index = index + 2
        if scalar(at: index) == "-" || scalar(at: index) == "+" { index += 1 }
        index = afterSpace(index)
        guard has("raw", at: index) else { return nil }
        index = afterSpace(index + 3)
        if has("-%}", at: index) { return afterSpace(index + 3) }
        return has("%}", at: index) ? index + 2 : nil
    }

    private mutating func readRaw() throws(ChatTemplateError) {
        let start = position
        for index in start..<source.count where has("{%", at: index) {
            let sign = scalar(at: index + 2)
            var inner = afterSpace(sign == "-" || sign == "+" ? index + 3 : index + 2)
            guard has("endraw", at: inner) else { continue }
            inner = afterSpace(inner + 6)
            var closing: Unicode.Scalar?
            if let scalar = scalar(at: inner), scalar == "-" || scalar == "+" {
                closing = scalar
                inner += 1
            }
            guard has("%}", at: inner) else { continue }
            addData(start..<stripped(start..<index, sign: sign, isVariable: false))
            advance(to: afterClosing(inner, closing))
            return
        }
        throw failure("a raw block is not closed: 'endraw' is missing")
    }

    // MARK: Inside of tags

    private mutating func readTag(isBlock: Bool) throws(ChatTemplateError) {
        var brackets: [Token.Sign] = []
        while let scalar = scalar(at: position) {
            if brackets.isEmpty, let end = tagEnd(isBlock) {
                add(isBlock ? .blockEnd : .variableEnd)
                advance(to: end)
                return
            }
            if scalar.isSpace {
                advance(to: afterSpace(position))
            } else if ("0"..."9").contains(scalar) {
                try readNumber()
            } else if scalar == "_" || scalar.properties.isXIDStart {
                readName()
            } else if scalar == "'" || scalar == "\"" {
                try readString(scalar)
            } else if let sign = Token.Sign.allCases.first(where: { has($0) }) {
                if let closing = sign.closing {
                    brackets.append(closing)
                } else if sign.isClosing, brackets.popLast() != sign {
                    throw failure("unexpected '\(sign.rawValue)'")
                }
                add(.sign(sign))
                advance(to: position + sign.rawValue.utf8.count)
            } else {
                throw failure("unexpected character '\(scalar)'")
            }
        }
        throw failure("a tag is not closed: '\(isBlock ? "%}" : "}}")' is missing")
    }

    private func has(_ sign: Token.Sign) -> Bool {
        var index = position
        for scalar in sign.rawValue.unicodeScalars {
            guard self.scalar(at: index) == scalar else { return false }
            index += 1
        }
        return true
    }

    private func tagEnd(_ isBlock: Bool) -> Int? {
        guard isBlock else {
            if has("-}}", at: position) { return afterSpace(position + 3) }
            return has("}}", at: position) ? position + 2 : nil
        }
        if has("%}", at: position) { return afterClosing(position, nil) }
        guard let sign = scalar(at: position), sign == "-" || sign == "+", has("%}", at: position + 1) else {
            return nil
        }
        return afterClosing(position + 1, sign)
    }

    private mutating func readName() {
        var end = position + 1
        while let scalar = scalar(at: end), scalar == "_" || scalar.properties.isXIDContinue { end += 1 }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: source[position..<end])
        add(.name(String(name)))
        advance(to: end)
    }

    private mutating func readNumber() throws(ChatTemplateError) {
        let literal = NumberLiteral(source, position)
        guard let kind = literal.token else { throw failure("a number is too large for 64 bits") }
        add(kind)
        advance(to: literal.end)
    }

    private mutating func readString(_ quote: Unicode.Scalar) throws(ChatTemplateError) {
        var end = position + 1
        while let scalar = scalar(at: end), scalar != quote { end += scalar == "\\" ? 2 : 1 }
        guard end < source.count else { throw failure("a string is not closed") }
        do {
            add(.string(try unescaped(source[(position + 1)..<end])))
        } catch {
            throw failure(error.reason)
        }
        advance(to: end + 1)
    }
}
