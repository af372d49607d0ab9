public import Basics
public import Foundation

/// Byte-level BPE as BLOOM's `tokenizer.json` describes it.
public final class Tokenizer: Sendable {
    /// - Throws: `TokenizerError`, one sentence that names the file and what is wrong in it.
    public init(contentsOf url: URL) throws { fatalError("skeleton") }

    /// Ids of the text; special tokens written out in it are recognised as `tokenizers` does. Nothing is added in front.
    public func encode(_ text: String) -> [TokenID] { fatalError("skeleton") }

    /// Text of the ids; bytes that are not UTF-8 become U+FFFD as in `tokenizers`.
    public func decode(_ ids: [TokenID], skipSpecialTokens: Bool = true) -> String { fatalError("skeleton") }

    /// One more than the greatest id.
    public var vocabularySize: Int { fatalError("skeleton") }

    public func isSpecial(_ id: TokenID) -> Bool { fatalError("skeleton") }
}
