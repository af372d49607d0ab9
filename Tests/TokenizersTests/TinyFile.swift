@testable import Tokenizers

/// A `tokenizer.json` written in the test, with a token for each byte (its id is the byte) and two merges; each part can
/// be replaced by a broken one.
struct TinyFile {
    var addedTokens =
        #"[{"id": 300, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}]"#
    var normalizer = "null"
    var preTokenizer = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#
    var postProcessor = "null"
    var decoder = #"{"type": "ByteLevel"}"#
    var modelType = #""BPE""#
    var modelSettings = ""
    var extraVocabulary = #""ab": 256, "abc": 257"#
    var merges = #"["a b", "ab c"]"#

    static let byteVocabulary: String = {
        let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        var unprintable = 0x100
        var entries: [String] = []
        for byte in 0..<256 {
            var scalar = byte
            if !printable.contains(byte) {
                scalar = unprintable
                unprintable += 1
            }
            // Escaped, as Python's json.dumps does by default.
            let hex = String(scalar, radix: 16)
            entries.append("\"\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)\": \(byte)")
        }
        return entries.joined(separator: ", ")
    }()

    var vocabulary: String { "{\(Self.byteVocabulary), \(extraVocabulary)}" }

    var text: String {
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": \(addedTokens),
        "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer), "post_processor": \(postProcessor),
        "decoder": \(decoder),
        "model": {"type": \(modelType), \(modelSettings)"vocab": \(vocabulary), "merges": \(merges)}}
        """
    }

    var bytes: [UInt8] { Array(text.utf8) }

    /// The same file with one part changed.
    func with(_ change: (inout TinyFile) -> Void) -> TinyFile {
        var copy = self
        change(&copy)
        return copy
    }
}
