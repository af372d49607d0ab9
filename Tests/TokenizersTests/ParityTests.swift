import Basics
import Foundation
import Testing
import Tokenizers

@Suite("Parity with the tokenizers package")
struct ParityTests {
    @Test("a text has the ids that tokenizers gives it", arguments: Fixture.names)
    func encodes(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        let cases = try Fixture.expected(name).encodings
        #expect(!cases.isEmpty)
        for expected in cases {
            let ids = tokenizer.encode(expected.text)
            #expect(ids == expected.ids, "\(expected.text.debugDescription)")
        }
    }

    @Test("ids have the text that tokenizers gives them, whatever bytes they spell", arguments: Fixture.names)
    func decodes(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        let cases = try Fixture.expected(name).decodings
        #expect(!cases.isEmpty)
        for expected in cases {
            let skipping = tokenizer.decode(expected.ids)
            let keeping = tokenizer.decode(expected.ids, skipSpecialTokens: false)
            #expect(same(skipping, expected.skipping), "\(expected.ids)")
            #expect(same(keeping, expected.keeping), "\(expected.ids)")
        }
    }

    struct Golden: Decodable {
        struct Case: Decodable {
            var name: String
            var text: String
            var ids: [TokenID]
            var decoded: String
        }

        struct Prompt: Decodable {
            var text: String
            var ids: [TokenID]
            var pieces: [String]
        }

        enum CodingKeys: String, CodingKey {
            case cases
            case prompt = "tgi_prompt"
        }

        var cases: [Case]
        var prompt: Prompt
    }

    @Test("BLOOM's own ids come out of the texts whose ids are known", .enabled(if: Fixture.shared != nil))
    func golden() throws {
        let folder = try #require(Fixture.shared).appending(path: "tokenizer")
        let tokenizer = try Tokenizer(contentsOf: folder.appending(path: "bloom_subset_tokenizer.json"))
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "bloom_golden.json")))
        #expect(!golden.cases.isEmpty)
        for expected in golden.cases {
            #expect(tokenizer.encode(expected.text) == expected.ids, "\(expected.name)")
            #expect(
                same(tokenizer.decode(expected.ids, skipSpecialTokens: false), expected.decoded), "\(expected.name)")
        }
        #expect(tokenizer.encode(golden.prompt.text) == golden.prompt.ids)
        #expect(golden.prompt.ids.map { tokenizer.decode([$0]) } == golden.prompt.pieces)
        #expect(tokenizer.isSpecial(2) && !tokenizer.isSpecial(4))
    }

    struct Line: Decodable { var text: String }

    @Test("every line in BLOOM's 46 languages comes back from its ids", .enabled(if: Fixture.shared != nil))
    func roundTrip() throws {
        let file = try #require(Fixture.shared).appending(path: "prompts/udhr_bloom46.jsonl")
        let tokenizer = try Fixture.tokenizer("bloom")
        var lines = 0
        // Every tenth line: all of them are compared by script, this one keeps debug runs short.
        for (index, line) in try Data(contentsOf: file).split(separator: 0x0A).enumerated() where index % 10 == 0 {
            let text = try JSONDecoder().decode(Line.self, from: line).text
            #expect(same(tokenizer.decode(tokenizer.encode(text), skipSpecialTokens: false), text))
            lines += 1
        }
        #expect(lines > 200)
    }
}
