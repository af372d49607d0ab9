import Basics
import Foundation
import TestSupport
import Testing

@testable import Tokenizers

@Suite("Files that cannot be used")
struct BrokenFileTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        /// What the message must say besides the file's name.
        var says: [String]
        var change: @Sendable (inout TinyFile) -> Void

        init(_ name: String, says: String..., change: @escaping @Sendable (inout TinyFile) -> Void) {
            self.name = name
            self.says = says
            self.change = change
        }

        var testDescription: String { name }
    }

    static let token =
        #"{"id": 300, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"#
    static let bloomSplit =
        #"{"type": "Split", "pattern": {"Regex": " ?[^(\\s|[.,!?…。，、।۔،])]+"}, "behavior": "Isolated", "invert": false}"#
    static let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#

    static let cases: [Case] = [
        Case("WordPiece", says: "model.type", "WordPiece") { $0.modelType = #""WordPiece""# },
        Case("Unigram", says: "model.type", "Unigram") { $0.modelType = #""Unigram""# },
        Case("no type", says: "model.type", "null") { $0.modelType = "null" },
        Case("merge of an unknown left token", says: "model.merges[1]", "\"xyz\"") { $0.merges = #"["a b", "xyz c"]"# },
        Case("merge of an unknown right token", says: "model.merges[1]", "\"日\"") {
            $0.merges = #"[["a","b"], ["a","日"]]"#
        },
        Case("merge into an unknown token", says: "model.merges[0]", "\"ba\"") { $0.merges = #"["b a"]"# },
        Case("merge of one token", says: "model.merges[0]", "two tokens") { $0.merges = #"["ab"]"# },
        Case("merge of three tokens", says: "model.merges[0]", "two tokens") { $0.merges = #"["a b c"]"# },
        Case("merge pair of three", says: "model.merges[0]", "3 parts") { $0.merges = #"[["a", "b", "c"]]"# },
        Case("merges that are numbers", says: "not valid JSON at byte") { $0.merges = "[1, 2]" },
        Case("id −1", says: "\"ab\"", "-1") { $0.extraVocabulary = #""ab": -1"# },
        Case("huge id", says: "\"ab\"", "4294967295") { $0.extraVocabulary = #""ab": 4294967295"# },
        Case("id far beyond a small file", says: "\"ab\"", "1048576", "between 0 and 1048575") {
            $0.extraVocabulary = #""ab": 1048576"#
        },
        Case("control characters in a token", says: #"\u{1B}[2J\n"#, "integer") {
            $0.extraVocabulary = #""\u001b[2J\n": true"#
        },
        Case("a long token", says: "xxx…", "integer") {
            $0.extraVocabulary = #""\#(String(repeating: "x", count: 1000))": true"#
        },
        Case("id beyond 64 bits", says: "\"ab\"", "integer") { $0.extraVocabulary = #""ab": 99999999999999999999"# },
        Case("fractional id", says: "\"ab\"", "integer") { $0.extraVocabulary = #""ab": 256.5"# },
        Case("id in quotes", says: "\"ab\"", "integer") { $0.extraVocabulary = #""ab": "256""# },
        Case("an id twice", says: "\"abc\"", "256") { $0.extraVocabulary = #""ab": 256, "abc": 256"# },
        Case("a token twice", says: "\"ab\"", "twice") { $0.extraVocabulary = #""ab": 256, "ab": 257"# },
        Case("dropout", says: "model.dropout", "0.1") { $0.modelSettings = #""dropout": 0.1, "# },
        Case("word prefix", says: "continuing_subword_prefix", "##") {
            $0.modelSettings = ###""continuing_subword_prefix": "##", "###
        },
        Case("word suffix", says: "end_of_word_suffix", "</w>") {
            $0.modelSettings = #""end_of_word_suffix": "</w>", "#
        },
        Case("normaliser", says: "normalizer", "NFC") { $0.normalizer = #"{"type": "NFC"}"# },
        Case("template", says: "post_processor", "TemplateProcessing") {
            $0.postProcessor = #"{"type": "TemplateProcessing", "single": []}"#
        },
        Case("decoder of another kind", says: "decoder", "Metaspace") { $0.decoder = #"{"type": "Metaspace"}"# },
        Case("no decoder", says: "decoder", "null") { $0.decoder = "null" },
        Case("no pre-tokenizer", says: "pre_tokenizer", "null") { $0.preTokenizer = "null" },
        Case("other pre-tokenizer", says: "pre_tokenizer", "Whitespace") {
            $0.preTokenizer = #"{"type": "Whitespace"}"#
        },
        Case("other pattern", says: "pattern", "a+") {
            $0.preTokenizer =
                #"{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Isolated", "invert": false}, \#(byteLevel)]}"#
        },
        Case("other behaviour", says: "behavior", "Removed") {
            $0.preTokenizer =
                #"{"type": "Sequence", "pretokenizers": [\#(bloomSplit), \#(byteLevel)]}"#
                .replacing("Isolated", with: "Removed")
        },
        Case("split alone", says: "pre_tokenizer", "Split") { $0.preTokenizer = bloomSplit },
        Case("two byte levels", says: "pre_tokenizer", "ByteLevel") {
            $0.preTokenizer = #"{"type": "Sequence", "pretokenizers": [\#(byteLevel), \#(byteLevel)]}"#
        },
        Case("empty sequence", says: "pre_tokenizer", "empty") {
            $0.preTokenizer = #"{"type": "Sequence", "pretokenizers": []}"#
        },
        Case("prefix flag missing", says: "add_prefix_space") { $0.preTokenizer = #"{"type": "ByteLevel"}"# },
        Case("added token with another id", says: "added_tokens[0]", "\"ab\"", "256") {
            $0.addedTokens = "[\(token)]".replacing("<s>", with: "ab")
        },
        Case("added token with another's id", says: "added_tokens[0]", "\"<s>\"", "97") {
            $0.addedTokens = "[\(token)]".replacing("300", with: "97")
        },
        Case("added token with id −1", says: "added_tokens[0]", "-1") {
            $0.addedTokens = "[\(token)]".replacing("300", with: "-1")
        },
        Case("added token twice", says: "added_tokens[1]", "twice") { $0.addedTokens = "[\(token), \(token)]" },
        Case("added token without a flag", says: "added_tokens[0].special") {
            $0.addedTokens = "[\(token)]".replacing("special", with: "spezial")
        },
        Case("added tokens that are no list", says: "added_tokens") { $0.addedTokens = "7" },
    ]

    @Test("a file that would give other ids is refused in one sentence that names file and place", arguments: cases)
    func refuses(_ broken: Case) throws {
        let file = TinyFile().with(broken.change)
        let error = try #require(throws: TokenizerError.self) {
            _ = try TokenizerFile(file.bytes, file: "some/tokenizer.json")
        }
        for words in broken.says + ["some/tokenizer.json"] {
            #expect(error.message.contains(words), "\(error.message)")
        }
        #expect(!error.message.contains("\n") && error.message.hasSuffix("."))
    }

    @Test("a byte fallback without a token for each byte is refused, with one it changes nothing")
    func byteFallback() throws {
        let whole = TinyFile().with { $0.modelSettings = #""byte_fallback": true, "unk_token": "<none>", "# }
        #expect(try Tokenizer(TokenizerFile(whole.bytes, file: "t")).encode("abc") == [257])
        let holes =
            #"{"decoder": {"type": "ByteLevel"}, "pre_tokenizer": \#(Self.byteLevel), "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], SETTING}}"#
        for (setting, says) in [(#""byte_fallback": true"#, "byte_fallback"), (#""unk_token": "<none>""#, "unk_token")]
        {
            let error = try #require(throws: TokenizerError.self) {
                _ = try TokenizerFile(Array(holes.replacing("SETTING", with: setting).utf8), file: "t")
            }
            #expect(error.message.contains(says))
        }
    }

    @Test("a file cut off anywhere is refused")
    func truncated() throws {
        let bytes = TinyFile().bytes
        _ = try TokenizerFile(bytes, file: "t")
        for end in stride(from: 0, to: bytes.count, by: 37) {
            #expect(throws: TokenizerError.self) { try TokenizerFile(Array(bytes[..<end]), file: "t") }
        }
    }

    @Test("a file with one byte changed loads or is refused, and never crashes", arguments: 0..<8 as Range<UInt64>)
    func mutated(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let bytes = TinyFile().bytes
        for _ in 0..<40 {
            var changed = bytes
            changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            if let file = try? TokenizerFile(changed, file: "t") {
                let tokenizer = Tokenizer(file)
                _ = tokenizer.decode(tokenizer.encode("abc <s> é"))
            }
        }
    }

    @Test("missing files, folders and other formats are named")
    func unreadable() throws {
        let folder = FileManager.default.temporaryDirectory
        let missing = folder.appending(path: "no-such-tokenizer.json")
        let error = try #require(throws: TokenizerError.self) { try Tokenizer(contentsOf: missing) }
        #expect(error.message.contains("no-such-tokenizer.json") && error.message.contains("no such file"))
        #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: folder) }
        for text in ["", "   ", "tokenizer", "[]", "{}", "null", "{\"model\": null}", "{\"model\": {}}"] {
            #expect(throws: TokenizerError.self) { try TokenizerFile(Array(text.utf8), file: "t") }
        }
    }

    @Test("merges may stand before the vocabulary, be pairs or strings, and repeat")
    func mergeForms() throws {
        let file = TinyFile()
        let model = #""model": {"merges": [["a", "b"], "ab c", "a b"], "vocab": \#(file.vocabulary), "type": "BPE"}"#
        let text = #"{"decoder": {"type": "ByteLevel"}, "pre_tokenizer": \#(Self.byteLevel), \#(model)}"#
        let tokenizer = try Tokenizer(TokenizerFile(Array(text.utf8), file: "t"))
        #expect(tokenizer.encode("abcab") == [257, 256])
        #expect(tokenizer.vocabularySize == 258)
    }
}
