/// How a text falls apart into words that no merge crosses. Every pattern tiles the text: a word begins where the one
/// before it ends.
enum WordPattern: Sendable, Equatable {
    /// The text is one word.
    case whole
    /// BLOOM's ` ?[^(\s|[.,!?…。，、।۔،])]+`, what lies between two matches being a word too.
    case bloom
    /// GPT-2's pattern, which `ByteLevel` uses with `use_regex`.
    case gpt2

    /// BLOOM's pattern as `tokenizer.json` spells it.
    static let bloomExpression = #" ?[^(\s|[.,!?…。，、।۔،])]+"#

    /// The end of the word that begins at `start`. The bytes are valid UTF-8; needs `start < end`.
    func endOfWord(in text: [UInt8], from start: Int, before end: Int) -> Int {
        switch self {
        case .whole: end
        case .bloom: Self.bloomEnd(text, start, end)
        case .gpt2: Self.gpt2End(text, start, end)
        }
    }

    // MARK: BLOOM

    /// Whether BLOOM's class `[^(\s|[.,!?…。，、।۔،])]` leaves the character out.
    ///
    /// Oniguruma takes the inner brackets for a nested class, so that the parentheses and the bar are members of the
    /// outer one like the white space: none of them is syntax.
    private static func separates(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x21, 0x28, 0x29, 0x2C, 0x2E, 0x3F, 0x7C: true  // ! ( ) , . ? |
        case 0x2026, 0x3002, 0xFF0C, 0x3001, 0x0964, 0x06D4, 0x060C: true  // … 。 ， 、 । ۔ ،
        default: ScalarClass.isWhitespace(scalar)
        }
    }

    /// Where the run of characters from `start` ends that all separate, or all do not.
    private static func bloomRun(_ text: [UInt8], _ start: Int, _ end: Int, separating: Bool) -> Int {
        var index = start
        while index < end {
            let (scalar, length) = UTF8Text.scalar(in: text, at: index)
            if separates(scalar) != separating { break }
            index += length
        }
        return index
    }

    private static func bloomEnd(_ text: [UInt8], _ start: Int, _ end: Int) -> Int {
        let gap = bloomRun(text, start, end, separating: true)
        if gap == start { return bloomRun(text, start, end, separating: false) }
        guard gap < end, text[gap - 1] == 0x20 else { return gap }
        // The gap's last character is a space, which belongs to the match behind it.
        return gap - 1 > start ? gap - 1 : bloomRun(text, gap, end, separating: false)
    }

    // MARK: GPT-2

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    private static func gpt2End(_ text: [UInt8], _ start: Int, _ end: Int) -> Int {
        if text[start] == UInt8(ascii: "'"), let end = contractionEnd(text, start, end) { return end }
        let afterSpace = text[start] == 0x20 ? start + 1 : start
        if afterSpace < end {
            let kind = Kind(UTF8Text.scalar(in: text, at: afterSpace).value)
            if kind != .space { return run(of: kind, text, afterSpace, end).end }
        }
        let (spacesEnd, lastStart) = run(of: .space, text, start, end)
        // The last white space goes with the word behind it, unless it is the only one.
        return spacesEnd < end && lastStart > start ? lastStart : spacesEnd
    }

    private enum Kind {
        case space, letter, number, other

        init(_ scalar: UInt32) {
            self =
                ScalarClass.isWhitespace(scalar)
                ? .space : ScalarClass.isLetter(scalar) ? .letter : ScalarClass.isNumber(scalar) ? .number : .other
        }
    }

    /// Where the run of one kind from `start` ends, and where its last character begins.
    private static func run(of kind: Kind, _ text: [UInt8], _ start: Int, _ end: Int) -> (end: Int, lastStart: Int) {
        var index = start
        var last = start
        while index < end {
            let (scalar, length) = UTF8Text.scalar(in: text, at: index)
            if Kind(scalar) != kind { break }
            last = index
            index += length
        }
        return (index, last)
    }

    private static func contractionEnd(_ text: [UInt8], _ start: Int, _ end: Int) -> Int? {
        guard start + 1 < end else { return nil }
        switch text[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        default: break
        }
        guard start + 2 < end else { return nil }
        switch (text[start + 1], text[start + 2]) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }
}
