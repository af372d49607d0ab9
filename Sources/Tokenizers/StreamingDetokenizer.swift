public import Basics

/// Text of a growing list of tokens, in whole characters. What it returns concatenates to `Tokenizer.decode` of all ids.
public struct StreamingDetokenizer: Sendable {
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) { fatalError("skeleton") }

    /// Text that became certain with this token; never half a UTF-8 character.
    public mutating func append(_ id: TokenID) -> String { fatalError("skeleton") }

    /// What is still held back (an unfinished character becomes U+FFFD).
    public mutating func finish() -> String { fatalError("skeleton") }
}
