/// A number in a tag: `0`, `1_000`, `0xFF`, `0b1`, `0o7`, `1.5`, `2e-3`; not `1.` and not `.5`.
struct NumberLiteral {
    private(set) var end: Int
    /// `nil` where the number does not fit in 64 bits.
    private(set) var token: Token.Kind?

    init(_ source: [Unicode.Scalar], _ start: Int) {
        func scalar(_ index: Int) -> Unicode.Scalar? { index < source.count ? source[index] : nil }
        func isDigit(_ scalar: Unicode.Scalar?, _ radix: Int = 10) -> Bool {
            guard let scalar, scalar.isASCII else { return false }
            return Character(scalar).hexDigitValue.map { $0 < radix } ?? false
        }
        /// Behind digits that single underscores may part.
        func afterDigits(_ index: Int, _ radix: Int = 10) -> Int {
            var index = index
            while isDigit(scalar(index), radix) || scalar(index) == "_" && isDigit(scalar(index + 1), radix) {
                index += 1
            }
            return index
        }
        func text(_ range: Range<Int>) -> String {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: source[range].filter { $0 != "_" })
            return String(text)
        }

        let radix: Int? =
            switch (scalar(start), scalar(start + 1)) {
            case ("0", "b"), ("0", "B"): 2
            case ("0", "o"), ("0", "O"): 8
            case ("0", "x"), ("0", "X"): 16
            default: nil
            }
        if let radix, afterDigits(start + 2, radix) > start + 2 {
            end = afterDigits(start + 2, radix)
            token = Int(text(start + 2..<end), radix: radix).map(Token.Kind.integer)
            return
        }
        let integerEnd = afterDigits(start)
        // Behind a point the digits are an index: `pair.0.1`.
        if scalar(start - 1 < 0 ? source.count : start - 1) != "." {
            var floatEnd = integerEnd
            if scalar(integerEnd) == ".", isDigit(scalar(integerEnd + 1)) { floatEnd = afterDigits(integerEnd + 1) }
            if scalar(floatEnd) == "e" || scalar(floatEnd) == "E" {
                let sign = scalar(floatEnd + 1)
                let digits = sign == "+" || sign == "-" ? floatEnd + 2 : floatEnd + 1
                if isDigit(scalar(digits)) { floatEnd = afterDigits(digits) }
            }
            if floatEnd > integerEnd {
                end = floatEnd
                token = Double(text(start..<end)).map(Token.Kind.number)
                return
            }
        }
        end = integerEnd
        if scalar(start) == "0" {
            end = start + 1
            while scalar(end) == "0" || scalar(end) == "_" && scalar(end + 1) == "0" { end += 1 }
        }
        token = Int(text(start..<end)).map(Token.Kind.integer)
    }
}

struct EscapeFailure: Error {
    let reason: String
}

/// What a string literal's body means: Python's escapes, and what is none of them as it stands.
func unescaped(_ body: ArraySlice<Unicode.Scalar>) throws(EscapeFailure) -> String {
    var result = String.UnicodeScalarView()
    var index = body.startIndex
    func scalar(_ index: Int) -> Unicode.Scalar? { index < body.endIndex ? body[index] : nil }
    while let next = scalar(index) {
        index += 1
        guard next == "\\", let letter = scalar(index) else {
            result.append(next)
            continue
        }
        index += 1
        switch letter {
        case "\n": break
        case "\\", "'", "\"": result.append(letter)
        case "a": result.append("\u{7}")
        case "b": result.append("\u{8}")
        case "f": result.append("\u{C}")
        case "n": result.append("\n")
        case "r": result.append("\r")
        case "t": result.append("\t")
        case "v": result.append("\u{B}")
        case "0"..."7":
            var value: UInt32 = 0
            index -= 1
            for _ in 0..<3 {
                guard let digit = scalar(index), ("0"..."7").contains(digit) else { break }
                value = value * 8 + digit.value - 48
                index += 1
            }
            guard let octal = Unicode.Scalar(value) else { throw EscapeFailure(reason: "a string has a bad escape") }
            result.append(octal)
        case "x", "u", "U":
            let width = letter == "x" ? 2 : letter == "u" ? 4 : 8
            var value: UInt32 = 0
            for _ in 0..<width {
                guard let digit = scalar(index), digit.isASCII, let number = Character(digit).hexDigitValue else {
                    throw EscapeFailure(reason: "\\\(letter) needs \(width) hexadecimal digits")
                }
                value = value << 4 | UInt32(number)
                index += 1
            }
            guard let escaped = Unicode.Scalar(value) else {
                throw EscapeFailure(reason: "\\\(letter) names no character")
            }
            result.append(escaped)
        case "N": throw EscapeFailure(reason: "characters cannot be named by \\N")
        default:
            result.append(next)
            result.append(letter)
        }
    }
    return String(result)
}
