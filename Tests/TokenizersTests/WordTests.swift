import Basics
import TestSupport
import Testing

@testable import Tokenizers

@Suite("Words and merges")
struct WordTests {
    private func words(_ pattern: WordPattern, _ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var words: [String] = []
        var start = 0
        while start < bytes.count {
            let end = pattern.endOfWord(in: bytes, from: start, before: bytes.count)
            words.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end
        }
        return words
    }

    @Test("BLOOM's pattern takes one space with a word and cuts at its fourteen marks and white space")
    func bloom() {
        #expect(words(.bloom, "one  two") == ["one", " ", " two"])
        #expect(words(.bloom, "a, b.c ") == ["a", ",", " b", ".", "c", " "])
        #expect(words(.bloom, "a\r\n b") == ["a", "\r\n", " b"])
        #expect(words(.bloom, "(x)|[y];") == ["(", "x", ")|", "[y];"])
        #expect(words(.bloom, "don't\u{A0}।۔، x") == ["don't", "\u{A0}।۔،", " x"])
        #expect(words(.bloom, " ") == [" "])
        #expect(words(.bloom, "\u{200B}e\u{301}👩‍👧") == ["\u{200B}e\u{301}👩‍👧"])
    }

    @Test("GPT-2's pattern leaves the last white space to the word behind it")
    func gpt2() {
        #expect(words(.gpt2, "it's 12km,  ok ") == ["it", "'s", " 12", "km", ",", " ", " ok", " "])
        #expect(words(.gpt2, "a\n\nb") == ["a", "\n", "\n", "b"])
        #expect(words(.gpt2, "a \n") == ["a", " \n"])
        #expect(words(.gpt2, "we'll'x ''s") == ["we", "'ll", "'", "x", " ''", "s"])
    }

    @Test("words tile the text, whatever it is", arguments: 0..<10 as Range<UInt64>)
    func tiling(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet: [Unicode.Scalar] = [" ", "\n", "a", "1", "'", "s", ".", "(", "é", "\u{301}", "。", "\u{A0}", "😀"]
        for _ in 0..<20 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 1..<20, using: &random) { text.append(alphabet.randomElement(using: &random)!) }
            for pattern in [WordPattern.bloom, .gpt2] {
                #expect(same(words(pattern, String(text)).joined(), String(text)), "seed \(seed), \(pattern)")
            }
        }
    }

    @Test("a long word merges as the plain definition says, on both sides of the border between the two ways")
    func longWords() throws {
        let file = try TokenizerFile(contentsOf: Fixture.url("bloom.tokenizer.json"))
        let tokenizer = Tokenizer(file)
        var random = SplitMix64(seed: 11)
        for length in [1, 2, 3, 46, 47, 48, 49, 50, 51, 200, 600] {
            let text = String((0..<length).map { _ in "aeinrstgd".randomElement(using: &random)! })
            #expect(tokenizer.encode(text) == naiveIDs(text, file), "\(text)")
        }
    }

    /// The definition of byte-pair encoding, word for word and slow: the merge of lowest rank first, the leftmost of equals.
    private func naiveIDs(_ text: String, _ file: TokenizerFile) -> [TokenID] {
        var symbols = Array(text.utf8).map { Int32(file.vocabulary.find([$0])!) }
        while symbols.count > 1 {
            let merges = (0..<symbols.count - 1).map { file.model.merges.find(symbols[$0], symbols[$0 + 1]) }
            guard let best = merges.min(), best != MergeTable.none, let place = merges.firstIndex(of: best) else {
                break
            }
            symbols[place] = MergeTable.token(of: best)
            symbols.remove(at: place + 1)
        }
        return symbols.map { TokenID(rawValue: $0) }
    }

    @Test("a very long word and very many added tokens come back whole")
    func veryLong() throws {
        let tokenizer = try Fixture.tokenizer("bloom")
        let word = String(repeating: "parterregarden", count: 3_000)
        #expect(tokenizer.decode(tokenizer.encode(word)) == word)
        let tokens = String(repeating: "<right>  ", count: 3_000)
        #expect(tokenizer.encode(tokens).count == 3_000)
    }

    @Test("text in two canonically equivalent forms has two lists of ids")
    func noNormalisation() throws {
        let tokenizer = try Fixture.tokenizer("bloom")
        #expect(tokenizer.encode("\u{E9}") != tokenizer.encode("e\u{301}"))
    }

    @Test("the vocabulary ends behind the last added token")
    func vocabularySize() throws {
        #expect(try Fixture.tokenizer("bloom").vocabularySize == 710)
        #expect(try Fixture.tokenizer("gpt2").vocabularySize == 400)
    }
}
