public import Basics

/// Text of a growing list of tokens, in whole characters. What it returns concatenates to `Tokenizer.decode` of all ids.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// The beginning of a character whose end has not come yet: at most three bytes between calls.
    private var pending: [UInt8] = []

    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// Text that became certain with this token; never half a UTF-8 character.
    public mutating func append(_ id: TokenID) -> String {
        tokenizer.append(id, to: &pending, skipSpecialTokens: skipSpecialTokens)
        let certain = pending.count - UTF8Text.unfinishedSuffixLength(of: pending[...])
        let text = String(decoding: pending[..<certain], as: UTF8.self)
        pending.removeFirst(certain)
        return text
    }

    /// What is still held back (an unfinished character becomes U+FFFD). Afterwards a new text may begin.
    public mutating func finish() -> String {
        let text = String(decoding: pending, as: UTF8.self)
        pending.removeAll(keepingCapacity: true)
        return text
    }
}
