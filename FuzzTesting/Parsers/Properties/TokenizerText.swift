import Basics
import Foundation

@testable import Tokenizers

/// Any bytes, read as a text and as token ids. A text comes back as it went in, its tokens are those of the plainest
/// byte-pair encoding, and a stream of any tokens reads as the whole.
public enum TokenizerText: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        for tokenizer in SmallTokenizer.all {
            let ids = tokenizer.tokenizer.encode(text)
            try checkStream(ids, tokenizer.tokenizer)
            let decoded = tokenizer.tokenizer.decode(ids, skipSpecialTokens: false)
            switch tokenizer.kind {
            case .bloom, .gpt2: try require(same(decoded, text), "\(tokenizer.kind) reads \(decoded.debugDescription)")
            case .spaced:
                let isSpaced = text.isEmpty || text.utf8.first == 0x20
                try require(same(decoded, isSpaced ? text : " " + text), "spaced reads \(decoded.debugDescription)")
            case .stripping:
                try require(same(withoutWhitespace(decoded), withoutWhitespace(text)), "stripping loses characters")
            }
            // Which takes long for a long text.
            if tokenizer.kind == .bloom, bytes.count <= 1024 {
                try require(ids == SmallTokenizer.plainEncoding(text), "other tokens: \(ids)")
            }
        }

        let ids = bytes.indices.map { index in
            // Mostly tokens, now and then an id that none has.
            TokenID(Int(bytes[index]) + (index % 3 == 0 ? 200 : 0) - (index % 7 == 0 ? 1 : 0))
        }
        for tokenizer in SmallTokenizer.all { try checkStream(ids, tokenizer.tokenizer) }
    }

    private static func withoutWhitespace(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !ScalarClass.isWhitespace($0.value) }))
    }
}
