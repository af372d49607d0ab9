import Basics

@testable import Scheduler
@testable import Tokenizers

/// Lengths of pieces (a byte each; those of 128 and more do not count stop strings), stop strings, and a text last. However
/// the text is cut into pieces, what is let through is the text up to the stop string that a plain search finds.
public enum StopSearch: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let parts = parts(bytes, atMost: SamplingParameters.mostStopStrings + 2)
        guard parts.count > 2 else { return }
        let stops = parts[1..<parts.count - 1].map { String(decoding: $0, as: UTF8.self) }.filter { !$0.isEmpty }
        let text = String(decoding: parts[parts.count - 1].filter { $0 != 0xFF }, as: UTF8.self)
        let pieces = cut(text, parts[0])

        try checkPieces(pieces, stops)
        try checkTokens(text, stops)
    }

    private static func checkPieces(_ pieces: [Piece], _ stops: [String]) throws {
        var ends: [Int] = []
        var taken = 0
        for piece in pieces {
            if piece.counts { ends += taken..<taken + piece.text.utf8.count }
            taken += piece.text.utf8.count
        }
        let text = pieces.map(\.text).joined()
        let start = plainSearch(Array(text.utf8), stops, ends: ends.map { $0 + 1 })

        var matcher = StopMatcher(StopStrings(stops))
        let longest = stops.map(\.utf8.count).max() ?? 1
        var visible = ""
        taken = 0
        for piece in pieces {
            visible += matcher.append(piece.text, counts: piece.counts)
            taken += piece.text.utf8.count
            try require(
                matcher.hasEnded || visible.utf8.count > taken - longest,
                "more is held back than a stop string can have")
        }
        if !matcher.hasEnded { visible += matcher.finish() }
        try require(matcher.hasEnded == (start != nil), "the text ends otherwise than by a plain search")
        try require(
            visible.utf8.elementsEqual(text.utf8.prefix(start ?? .max)), "visible is \(visible.debugDescription)")
    }

    /// The same over a tokenizer's tokens, some of which hold parts of characters.
    private static func checkTokens(_ text: String, _ stops: [String]) throws {
        let tokenizer = SmallTokenizer.all[0].tokenizer
        var assembler = TextAssembler(StreamingDetokenizer(tokenizer), stops: StopStrings(stops))
        let ids = tokenizer.encode(text)
        var visible = ""
        for id in ids where !assembler.hasEnded { visible += assembler.append(id, stopsCount: true) }
        visible += assembler.finish(stopsCount: true)
        let whole = Array(tokenizer.decode(ids).utf8)
        let start = plainSearch(whole, stops, ends: Array(0...whole.count))
        try require(assembler.hasEnded == (start != nil), "the tokens end otherwise than by a plain search")
        try require(
            visible.utf8.elementsEqual(whole.prefix(start ?? .max)) && same(visible, assembler.text),
            "the tokens read \(visible.debugDescription)")
    }

    private struct Piece {
        var text: String
        var counts: Bool
    }

    private static func cut(_ text: String, _ lengths: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(text).unicodeScalars
        for length in lengths {
            pieces.append(Piece(text: String(rest.prefix(Int(length & 0x7F))), counts: length < 0x80))
            rest = rest.dropFirst(Int(length & 0x7F))
        }
        return pieces + [Piece(text: String(rest), counts: true)]
    }

    /// Where the first stop string begins that ends at one of these places, the longest if several do; nil without one.
    private static func plainSearch(_ text: [UInt8], _ stops: [String], ends: [Int]) -> Int? {
        let stops = stops.map { Array($0.utf8) }
        for end in ends {
            let starts = stops.filter { text[..<end].suffix($0.count).elementsEqual($0) }.map { end - $0.count }
            if let start = starts.min() { return start }
        }
        return nil
    }
}
