import Basics
import Foundation

@testable import Tokenizers

/// A `tokenizer.json`. What is accepted encodes any text into tokens that it has, and a stream of them reads as the whole.
public enum TokenizerJSON: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        try checkReader(bytes)
        let file = try TokenizerFile(bytes, file: "tokenizer.json")
        let tokenizer = Tokenizer(file)
        // Where each byte has a token, nothing of a text is lost, unless an added token strips white space.
        let isLossless =
            (0...255).allSatisfy { file.vocabulary.find([$0]) != nil } && file.addedTokens.isEmpty
            && !file.preTokenizer.addsPrefixSpace
        for text in texts {
            let ids = tokenizer.encode(text)
            for id in ids { try require(file.vocabulary.contains(id.index), "\(id) is no token") }
            try checkStream(ids, tokenizer)
            let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
            try require(
                !isLossless || same(decoded, text), "\(text.debugDescription) reads \(decoded.debugDescription)")
        }
    }

    private static let texts = [
        "", "Hello, world: it's 12 o'clock.", " <s> a</s>\t\n  b  <s>", "L'été, नमस्ते। 花园 🌱 e\u{301}",
        "\0\u{7F}\u{AD}\u{FFFD}", String(repeating: "ab", count: 40) + "  !?",
    ]

    /// The reader below: a value is the same again when it is written and read once more.
    private static func checkReader(_ bytes: [UInt8]) throws {
        func read(_ bytes: [UInt8]) throws(JSONReader.Failure) -> JSONValue {
            var reader = JSONReader(bytes)
            let value = try reader.readValue()
            try reader.expectEnd()
            return value
        }
        guard let value = try? read(bytes) else { return }
        try require(try read(Array(try write(value).utf8)) == value, "another JSON value when written again")
        var skipper = JSONReader(bytes)
        try skipper.skipValue()
        try skipper.expectEnd()
    }

    private static func write(_ value: JSONValue) throws -> String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): value.isInfinite ? (value < 0 ? "-1e999" : "1e999") : "\(value)"
        case .string(let text): try json(text)
        case .array(let values): "[\(try values.map(write).joined(separator: ","))]"
        case .object(let members):
            "{\(try members.map { "\(try json($0.key)):\(try write($0.value))" }.joined(separator: ","))}"
        }
    }
}

extension ParserProperty {
    /// What a stream of tokens gives concatenates to the text of them all.
    static func checkStream(_ ids: [TokenID], _ tokenizer: Tokenizer) throws {
        for skips in [true, false] {
            var detokenizer = StreamingDetokenizer(tokenizer, skipSpecialTokens: skips)
            var text = ""
            for id in ids { text += detokenizer.append(id) }
            text += detokenizer.finish()
            try require(same(text, tokenizer.decode(ids, skipSpecialTokens: skips)), "the stream of \(ids) differs")
        }
    }
}
