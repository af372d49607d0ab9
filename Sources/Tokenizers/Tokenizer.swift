public import Basics
public import Foundation

/// Byte-level BPE as BLOOM's `tokenizer.json` describes it.
///
/// A text is cut at added tokens, what lies between falls into words, and each word is merged by itself. Nothing here
/// changes after loading, so that threads may share one tokenizer.
public final class Tokenizer: Sendable {
    private let vocabulary: Vocabulary
    private let model: BytePairEncoder
    private let preTokenizer: PreTokenizer
    /// Looked for first: added tokens that see the text as it is.
    private let verbatimTokens: AddedTokenMatcher
    /// Looked for in what the first left over.
    private let normalizedTokens: AddedTokenMatcher
    private let specialIDs: Set<TokenID>

    /// - Throws: `TokenizerError`, one sentence that names the file and what is wrong in it.
    public convenience init(contentsOf url: URL) throws {
        self.init(try TokenizerFile(contentsOf: url))
    }

    init(_ file: TokenizerFile) {
        vocabulary = file.vocabulary
        model = file.model
        preTokenizer = file.preTokenizer
        verbatimTokens = AddedTokenMatcher(file.addedTokens.filter { !$0.normalized })
        normalizedTokens = AddedTokenMatcher(file.addedTokens.filter { $0.normalized })
        specialIDs = Set(file.addedTokens.lazy.filter(\.special).map(\.id))
    }

    /// Ids of the text; special tokens written out in it are recognised as `tokenizers` does. Nothing is added in front.
    ///
    /// Takes time proportional to the text's length (n · log n within a single word).
    public func encode(_ text: String) -> [TokenID] {
        let bytes = Array(text.utf8)
        var ids: [TokenID] = []
        ids.reserveCapacity(bytes.count / 3)
        var scratch = BytePairEncoder.Scratch()
        for piece in verbatimTokens.split(bytes, bytes.indices) {
            if let id = piece.id {
                ids.append(id)
                continue
            }
            for piece in normalizedTokens.split(bytes, piece.range) {
                if let id = piece.id {
                    ids.append(id)
                } else {
                    encodePlain(bytes, piece.range, into: &ids, &scratch)
                }
            }
        }
        return ids
    }

    private func encodePlain(
        _ text: [UInt8], _ range: Range<Int>, into ids: inout [TokenID], _ scratch: inout BytePairEncoder.Scratch
    ) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = preTokenizer.split.endOfWord(in: text, from: start, before: range.upperBound)
            if preTokenizer.addsPrefixSpace && text[start] != 0x20 {
                let spaced = [0x20] + text[start..<end]
                encodeByteLevel(spaced, spaced.indices, into: &ids, &scratch)
            } else {
                encodeByteLevel(text, start..<end, into: &ids, &scratch)
            }
            start = end
        }
    }

    private func encodeByteLevel(
        _ text: [UInt8], _ range: Range<Int>, into ids: inout [TokenID], _ scratch: inout BytePairEncoder.Scratch
    ) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = preTokenizer.byteLevelSplit.endOfWord(in: text, from: start, before: range.upperBound)
            model.encode(text, start..<end, into: &ids, &scratch)
            start = end
        }
    }

    /// Text of the ids; bytes that are not UTF-8 become U+FFFD as in `tokenizers`. Ids without a token (a model may have
    /// more rows than its tokenizer has tokens) are left out.
    public func decode(_ ids: [TokenID], skipSpecialTokens: Bool = true) -> String {
        var bytes: [UInt8] = []
        for id in ids { append(id, to: &bytes, skipSpecialTokens: skipSpecialTokens) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes that the token stands for, special or not, which may be a part of a character; none for an id without a token.
    public func bytes(of id: TokenID) -> [UInt8] { vocabulary.bytes(of: id.index).map(Array.init) ?? [] }

    /// Appends the bytes that the token decodes to.
    func append(_ id: TokenID, to bytes: inout [UInt8], skipSpecialTokens: Bool) {
        if skipSpecialTokens && specialIDs.contains(id) { return }
        if let token = vocabulary.bytes(of: id.index) { bytes.append(contentsOf: token) }
    }

    /// One more than the greatest id.
    public var vocabularySize: Int { vocabulary.endID }

    /// Whether the file marks the token as special, so that decoding can skip it.
    public func isSpecial(_ id: TokenID) -> Bool { specialIDs.contains(id) }
}
