import Basics

/// The visible text of one sample: detokenised, ended before the first stop string, and given out in pieces that
/// concatenate to the whole. Without a detokenizer there is no text.
struct TextAssembler<Detokenizer: IncrementalDetokenizer>: Sendable {
    private(set) var text = ""
    private var detokenizer: Detokenizer?
    private var matcher: StopMatcher

    /// Whether a stop string has ended the text.
    var hasEnded: Bool { matcher.hasEnded }

    init(_ detokenizer: Detokenizer?, stops: StopStrings) {
        self.detokenizer = detokenizer
        matcher = StopMatcher(stops)
    }

    /// Takes the next token; returns the piece of text that became certain with it.
    ///
    /// - Parameter stopsCount: whether a stop string completed by this token ends the text.
    mutating func append(_ id: TokenID, stopsCount: Bool) -> String {
        guard let piece = detokenizer?.append(id) else { return "" }
        return emit(matcher.append(piece, counts: stopsCount))
    }

    /// Ends the text after its last token; returns the rest of it. A character that was left unfinished can complete a
    /// stop string as well.
    mutating func finish(stopsCount: Bool) -> String {
        guard !hasEnded, let piece = detokenizer?.finish() else { return "" }
        return emit(matcher.append(piece, counts: stopsCount) + matcher.finish())
    }

    private mutating func emit(_ piece: String) -> String {
        text += piece
        return piece
    }
}
