import Basics
import TestSupport
import Testing

@testable import Tokenizers

@Suite("Streaming detokeniser")
struct StreamingDetokenizerTests {
    /// What a stream gives, token by token, its end last.
    private func stream(_ tokenizer: Tokenizer, _ ids: [TokenID], skipping: Bool) -> [String] {
        var detokenizer = StreamingDetokenizer(tokenizer, skipSpecialTokens: skipping)
        var parts = ids.map { detokenizer.append($0) }
        parts.append(detokenizer.finish())
        return parts
    }

    @Test("the parts of a stream add up to the whole text, for any ids", arguments: 0..<20 as Range<UInt64>)
    func concatenates(_ seed: UInt64) throws {
        let tokenizer = try Fixture.tokenizer("bloom")
        var random = SplitMix64(seed: seed)
        for round in 0..<20 {
            // Half of the rounds draw from the single bytes, most of which are not ASCII.
            let end = round % 2 == 0 ? 260 : tokenizer.vocabularySize + 50
            let ids = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                TokenID(Int.random(in: 0..<end, using: &random))
            }
            for skipping in [true, false] {
                let whole = tokenizer.decode(ids, skipSpecialTokens: skipping)
                let parts = stream(tokenizer, ids, skipping: skipping)
                #expect(same(parts.joined(), whole), "seed \(seed), round \(round), ids \(ids)")
            }
        }
    }

    @Test("a text's stream never shows a replacement character that the text does not have")
    func wholeCharacters() throws {
        let tokenizer = try Fixture.tokenizer("gpt2")
        for text in ["é👩‍👩‍👧‍👦花园", "नमस्ते दुनिया 🇫🇷", "Z\u{351}\u{36B}\u{343}", "\u{10FFFF}\u{800}\u{7FF}\u{10000}"] {
            let ids = tokenizer.encode(text)
            let parts = stream(tokenizer, ids, skipping: true)
            #expect(parts.allSatisfy { !$0.unicodeScalars.contains("\u{FFFD}") })
            #expect(same(parts.joined(), text))
            #expect(parts.last == "")
        }
    }

    @Test("a character comes out with its last byte, and half of one only at the end")
    func holdsBack() throws {
        let tokenizer = try Tokenizer(TokenizerFile(TinyFile().bytes, file: "test"))
        // TinyFile's ids of bytes are the bytes themselves.
        var detokenizer = StreamingDetokenizer(tokenizer)
        #expect([0xF0, 0x9F, 0x98, 0x80, 0x61].map { detokenizer.append(TokenID($0)) } == ["", "", "", "😀", "a"])
        #expect(detokenizer.finish() == "")
        #expect([0xE2, 0x82].map { detokenizer.append(TokenID($0)) } == ["", ""])
        #expect(detokenizer.finish() == "\u{FFFD}")
        // E0 80 can never become a character, so that nothing is held back.
        #expect([0xE0, 0x80, 0x61].map { detokenizer.append(TokenID($0)) } == ["", "\u{FFFD}\u{FFFD}", "a"])
    }

    @Test("a detokeniser begins anew after its end")
    func restarts() throws {
        let tokenizer = try Fixture.tokenizer("gpt2")
        let ids = tokenizer.encode("花")
        var detokenizer = StreamingDetokenizer(tokenizer)
        _ = detokenizer.append(ids[0])
        _ = detokenizer.finish()
        #expect(ids.map { detokenizer.append($0) }.joined() == "花")
    }

    @Test("ids that no token has are nothing, negative ones too")
    func strangers() throws {
        let tokenizer = try Fixture.tokenizer("bloom")
        let strangers: [TokenID] = [
            -1, .init(rawValue: .min), .init(rawValue: .max), TokenID(tokenizer.vocabularySize),
        ]
        #expect(tokenizer.decode(strangers) == "")
        #expect(stream(tokenizer, strangers, skipping: true).joined() == "")
        #expect(strangers.allSatisfy { !tokenizer.isSpecial($0) })
    }
}
