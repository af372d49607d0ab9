/// A strict pull reader of JSON (RFC 8259) over bytes.
///
/// Foundation's decoders need well over a second for the 250,680 keys of BLOOM's vocabulary, because each becomes a
/// `String` in a `Dictionary`; this one hands out bytes in a buffer that the caller reuses.
///
/// Containers are read in steps: `openObject()`, then `nextKey(into:)` and one value, until it returns false.
struct JSONReader {
    struct Failure: Error, Equatable {
        var offset: Int
        var reason: String
    }

    enum Kind { case object, array, string, number, bool, null }

    /// Deeper nesting is refused, so that a hostile file cannot exhaust the stack.
    static let deepestNesting = 128

    let bytes: [UInt8]
    private(set) var position: Int
    private var depth = 0
    private var containerJustOpened = false

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    // MARK: Values

    /// The kind of the value that comes next, which stays unread.
    mutating func peek() throws(Failure) -> Kind {
        skipWhitespace()
        guard position < bytes.count else { throw failure("the text ends where a value is expected") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw failure("a value is expected here")
        }
    }

    mutating func readNull() throws(Failure) { try expectWord("null") }

    mutating func readBool() throws(Failure) -> Bool {
        skipWhitespace()
        let value = position < bytes.count && bytes[position] == UInt8(ascii: "t")
        try expectWord(value ? "true" : "false")
        return value
    }

    mutating func readDouble() throws(Failure) -> Double {
        let (text, _) = try readNumber()
        // The grammar has been checked, so this fails for nothing but our own mistake.
        return Double(String(decoding: bytes[text], as: UTF8.self)) ?? .nan
    }

    /// The next number, or nil where it is written with a fraction or an exponent or does not fit in 64 bits.
    mutating func readInteger() throws(Failure) -> Int? {
        let (text, isInteger) = try readNumber()
        guard isInteger else { return nil }
        let negative = bytes[text.lowerBound] == UInt8(ascii: "-")
        var value = 0
        for index in (negative ? text.lowerBound + 1 : text.lowerBound)..<text.upperBound {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int(bytes[index] - UInt8(ascii: "0")))
            if tooLarge || overflow { return nil }
            value = sum
        }
        return negative ? -value : value
    }

    /// The next string; a failure where it is not UTF-8.
    mutating func readText() throws(Failure) -> String {
        var buffer: [UInt8] = []
        try readString(into: &buffer)
        return try text(buffer)
    }

    /// The content of a buffer just read; a failure where it is not UTF-8.
    func text(_ buffer: [UInt8]) throws(Failure) -> String {
        guard let text = String(validating: buffer, as: UTF8.self) else { throw failure("a string is not UTF-8") }
        return text
    }

    /// Replaces the buffer's content by the next string's bytes, which may turn out not to be UTF-8.
    mutating func readString(into buffer: inout [UInt8]) throws(Failure) {
        buffer.removeAll(keepingCapacity: true)
        try expect(UInt8(ascii: "\""), "a string")
        while true {
            position = bytes.withUnsafeBufferPointer { bytes in
                var end = position
                while end < bytes.count {
                    let byte = bytes[end]
                    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                    end += 1
                }
                buffer.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[position..<end]))
                return end
            }
            guard position < bytes.count else { throw failure("the text ends inside a string") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                try readEscape(into: &buffer)
            default:
                throw failure("a control character stands unescaped in a string")
            }
        }
    }

    mutating func skipValue() throws(Failure) {
        var buffer: [UInt8] = []
        try skipValue(&buffer)
    }

    private mutating func skipValue(_ buffer: inout [UInt8]) throws(Failure) {
        switch try peek() {
        case .object:
            try openObject()
            while try nextKey(into: &buffer) { try skipValue(&buffer) }
        case .array:
            try openArray()
            while try nextElement() { try skipValue(&buffer) }
        case .string: try readString(into: &buffer)
        case .number: _ = try readNumber()
        case .bool: _ = try readBool()
        case .null: try readNull()
        }
    }

    // MARK: Containers

    mutating func openObject() throws(Failure) { try open(UInt8(ascii: "{"), "an object") }

    mutating func openArray() throws(Failure) { try open(UInt8(ascii: "["), "an array") }

    /// Reads the next key and its colon; false when the object has ended (its brace is then read).
    mutating func nextKey(into key: inout [UInt8]) throws(Failure) -> Bool {
        guard try nextItem(closing: UInt8(ascii: "}")) else { return false }
        try readString(into: &key)
        try expect(UInt8(ascii: ":"), "a colon")
        return true
    }

    /// Stands before the next element; false when the array has ended (its bracket is then read).
    mutating func nextElement() throws(Failure) -> Bool {
        try nextItem(closing: UInt8(ascii: "]"))
    }

    /// Nothing but white space may follow.
    mutating func expectEnd() throws(Failure) {
        skipWhitespace()
        if position < bytes.count { throw failure("more text follows the end of the JSON value") }
    }

    // MARK: Pieces

    private mutating func open(_ bracket: UInt8, _ what: String) throws(Failure) {
        try expect(bracket, what)
        depth += 1
        if depth > Self.deepestNesting { throw failure("values are nested too deeply") }
        containerJustOpened = true
    }

    private mutating func nextItem(closing bracket: UInt8) throws(Failure) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw failure("the text ends before a closing bracket") }
        let first = containerJustOpened
        containerJustOpened = false
        if bytes[position] == bracket {
            position += 1
            depth -= 1
            return false
        }
        if !first { try expect(UInt8(ascii: ","), "a comma or a closing bracket") }
        return true
    }

    private mutating func readEscape(into buffer: inout [UInt8]) throws(Failure) {
        guard position + 1 < bytes.count else { throw failure("the text ends inside a string") }
        let letter = bytes[position + 1]
        let plain: UInt8
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = letter
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            let start = position
            guard let scalar = try readUnicodeEscape() else {
                throw Failure(offset: start, reason: "half of a surrogate pair stands alone")
            }
            buffer.append(contentsOf: String(Character(scalar)).utf8)
            return
        default: throw failure("a string has an unknown escape")
        }
        buffer.append(plain)
        position += 2
    }

    /// Reads `\uXXXX`, or the two of a surrogate pair; nil for an unpaired surrogate.
    private mutating func readUnicodeEscape() throws(Failure) -> Unicode.Scalar? {
        let high = try readHexEscape()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let pairFollows =
            position + 1 < bytes.count && bytes[position] == UInt8(ascii: "\\")
            && bytes[position + 1] == UInt8(ascii: "u")
        guard high < 0xDC00, pairFollows else { return nil }
        let low = try readHexEscape()
        guard (0xDC00...0xDFFF).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    }

    private mutating func readHexEscape() throws(Failure) -> UInt32 {
        guard position + 6 <= bytes.count else { throw failure("the text ends inside a string") }
        var value: UInt32 = 0
        for index in position + 2..<position + 6 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                throw failure("\\u needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
        }
        position += 6
        return value
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func readNumber() throws(Failure) -> (text: Range<Int>, isInteger: Bool) {
        skipWhitespace()
        let start = position
        if at(UInt8(ascii: "-")) { position += 1 }
        let leadingZero = at(UInt8(ascii: "0"))
        let digits = skipDigits()
        if digits == 0 { throw failure("a number is expected here") }
        if leadingZero && digits > 1 { throw failure("a number starts with a superfluous zero") }
        var isInteger = true
        if at(UInt8(ascii: ".")) {
            isInteger = false
            position += 1
            if skipDigits() == 0 { throw failure("a number lacks digits after its point") }
        }
        if at(UInt8(ascii: "e")) || at(UInt8(ascii: "E")) {
            isInteger = false
            position += 1
            if at(UInt8(ascii: "+")) || at(UInt8(ascii: "-")) { position += 1 }
            if skipDigits() == 0 { throw failure("a number lacks digits in its exponent") }
        }
        return (start..<position, isInteger)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        return position - start
    }

    private func at(_ byte: UInt8) -> Bool { position < bytes.count && bytes[position] == byte }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    private mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(Failure) {
        skipWhitespace()
        guard position < bytes.count else { throw failure("the text ends where \(what()) is expected") }
        guard bytes[position] == byte else { throw failure("\(what()) is expected here") }
        position += 1
    }

    private mutating func expectWord(_ word: StaticString) throws(Failure) {
        skipWhitespace()
        let letters = Array("\(word)".utf8)
        guard position + letters.count <= bytes.count, bytes[position..<position + letters.count].elementsEqual(letters)
        else { throw failure("\(word) is expected here") }
        position += letters.count
    }

    func failure(_ reason: String) -> Failure { Failure(offset: position, reason: reason) }
}
