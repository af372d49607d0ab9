import Foundation
import Testing

/// Every input that a fuzzer found worth keeping, and every one that once broke something, goes through its parser again.
@Suite("Corpus of the fuzzers")
struct CorpusTests {
    private static let properties: [any ParserProperty.Type] = [
        BatchInput.self, ChatBody.self, ChatTemplate.self, CompletionBody.self, Configuration.self, Multipart.self,
        PackedHeader.self,
        RequestLines.self, ResumedOutput.self, Safetensors.self, ShardIndex.self, StopSearch.self, TokenizerJSON.self,
        TokenizerText.self,
    ]
    private static let names = properties.map { String(describing: $0) }
    /// Every text is one, so that nothing is refused.
    private static let neverRefusing: Set<String> = ["StopSearch", "TokenizerText"]

    private static func corpus() throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Corpus")
    }

    @Test("no input breaks its parser, and some are accepted and some refused", arguments: names)
    func replay(_ name: String) throws {
        let property = try #require(Self.properties.first { String(describing: $0) == name })
        let folder = try Self.corpus().appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var accepted = 0
        for file in files.sorted(by: { $0.path() < $1.path() }) {
            do {
                if try property.outcome([UInt8](Data(contentsOf: file))) == .accepted { accepted += 1 }
            } catch {
                Issue.record("\(name)/\(file.lastPathComponent): \(error)")
            }
        }
        #expect(accepted > 0)
        #expect(accepted < files.count || Self.neverRefusing.contains(name))
    }

    @Test("each folder of the corpus has its parser")
    func folders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus().path())
        #expect(folders.sorted() == Self.names.sorted())
    }

    @Test(
        "a message that a terminal should not get is a violation",
        arguments: ["", "two\nlines", "\u{1B}[2J", "\u{202E}gpj", "\u{2028}", String(repeating: "long ", count: 100)])
    func messages(_ message: String) {
        #expect(throws: Violation.self) { try Safetensors.requireSentence(message) }
    }
}
