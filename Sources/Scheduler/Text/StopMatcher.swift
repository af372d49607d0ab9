/// Lets a streamed text through up to the first stop string, and holds back what may turn out to begin one.
///
/// The first stop string is the one whose last byte comes first; of several that end there the one that starts earliest
/// (the longest). The text ends before it.
struct StopMatcher: Sendable {
    private let stops: StopStrings
    // Per pattern, the length of its longest prefix (not the whole string) that the text so far ends with.
    private var matched: [Int]
    // The end of the text that may belong to a stop string: as long as the longest of these prefixes.
    private var held: [UInt8] = []
    private(set) var hasEnded = false

    init(_ stops: StopStrings) {
        self.stops = stops
        matched = Array(repeating: 0, count: stops.patterns.count)
    }

    /// Takes the next piece of text, and returns what is now certain to be part of it. After the end: nothing.
    ///
    /// - Parameter counts: whether a stop string that is completed in this piece ends the text; else it is text.
    mutating func append(_ piece: String, counts: Bool = true) -> String {
        guard !hasEnded else { return "" }
        guard !stops.patterns.isEmpty else { return piece }
        for byte in piece.utf8 {
            held.append(byte)
            if let length = advance(by: byte), counts {
                hasEnded = true
                held.removeLast(length)
                return release(held.count)
            }
        }
        return release(held.count - (matched.max() ?? 0))
    }

    /// What was held back, when no more text comes.
    mutating func finish() -> String { release(held.count) }

    /// Moves every automaton on; the length of the longest stop string that ends here.
    private mutating func advance(by byte: UInt8) -> Int? {
        var longest: Int?
        for index in matched.indices {
            let pattern = stops.patterns[index]
            matched[index] = pattern.advance(matched[index], by: byte)
            if matched[index] == pattern.bytes.count {
                longest = max(longest ?? 0, matched[index])
                matched[index] = pattern.fallback[matched[index]]
            }
        }
        return longest
    }

    /// The first bytes of what is held. Pieces and stop strings are whole characters, so the cut is between characters.
    private mutating func release(_ count: Int) -> String {
        defer { held.removeFirst(count) }
        return String(decoding: held.prefix(count), as: UTF8.self)
    }
}
