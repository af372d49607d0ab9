import Forms
import Foundation
import TestSupport
import Testing

@testable import BatchFiles

@Suite("A stream of bytes becomes lines")
struct LineSplitterTests {
    private func split(_ text: String, chunks size: Int, limit: Int = .max) -> [LineSplitter.Line] {
        var splitter = LineSplitter(limit: limit)
        var lines: [LineSplitter.Line] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            splitter.append(bytes[start..<min(bytes.count, start + size)])
            while let line = splitter.next() { lines.append(line) }
        }
        if let last = splitter.finish() { lines.append(last) }
        return lines
    }

    @Test("whatever the chunks", arguments: [1, 2, 3, 5, 64])
    func chunks(_ size: Int) {
        let lines = split("ab\n\ncdefg\r\nüß\nlast", chunks: size)
        #expect(lines == ["ab", "", "cdefg\r", "üß", "last"].map { .whole(Array($0.utf8)) })
        #expect(split("", chunks: size).isEmpty)
        #expect(split("a\n", chunks: size) == [.whole([0x61])])
    }

    @Test("and one that is too long is skipped, the next one not", arguments: [1, 3, 64])
    func tooLong(_ size: Int) {
        let lines = split("abc\n0123456789\nabcd\nabcde", chunks: size, limit: 4)
        #expect(
            lines == [
                .whole(Array("abc".utf8)), .tooLong(bytes: 10), .whole(Array("abcd".utf8)), .tooLong(bytes: 5),
            ])
    }

    @Test("random texts in random chunks split as a naive split does", arguments: 0..<20)
    func random(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let text = String(
            (0..<Int.random(in: 0..<400, using: &generator)).map { _ in "ab\n".randomElement(using: &generator) ?? "a" }
        )
        var naive = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if naive.last == "" { naive.removeLast() }
        let size = Int.random(in: 1...50, using: &generator)
        #expect(split(text, chunks: size) == naive.map { .whole(Array($0.utf8)) }, "seed \(seed)")
    }

    @Test("of a file: numbered from 1, blank ones counted but skipped, without a byte order mark")
    func inputLines() async throws {
        let folder = try TemporaryDirectory()
        let file = folder.url.appending(path: "in.jsonl")
        try Data("\u{FEFF}one\n\n \t\r\nfour\r\nfive".utf8).write(to: file)
        let input = try InputFile(file.path)
        #expect(try input.countLines() == 3)
        var lines = InputLines(input)
        var seen: [InputLines.Line] = []
        while let line = try await lines.next() { seen.append(line) }
        #expect(seen.map(\.number) == [1, 4, 5])
        #expect(seen.map(\.content) == ["one", "four\r", "five"].map { .whole(Array($0.utf8)) })
    }

    @Test("a file that is missing or a folder cannot be an input")
    func unusable() throws {
        let folder = try TemporaryDirectory()
        #expect(throws: FileError.self) { try InputFile(folder.url.path) }
        #expect(throws: FileError.self) { try InputFile(folder.url.appending(path: "none").path) }
    }

    @Test("an id that came before makes a bad line")
    func duplicateIDs() async throws {
        let folder = try TemporaryDirectory()
        let file = folder.url.appending(path: "in.jsonl")
        let text = """
            {"id": "a", "prompt": "x"}
            {"id": "a", "prompt": "y"}
            {"id": 3, "prompt": "z"}
            {"id": "3", "prompt": "z"}
            {"id": 5}
            {"id": 5, "prompt": "z"}
            """
        try Data(text.utf8).write(to: file)
        var source = LineRequests(InputLines(try InputFile(file.path)))
        var outcomes: [String] = []
        while let line = try await source.next() {
            switch line {
            case .success(let request): outcomes.append(request.id.name)
            case .failure(let bad): outcomes.append("\(bad.number) \(bad.error.message)")
            }
        }
        #expect(
            outcomes == [
                "a", "2 id: an earlier line has this id", "3", "3", "5 prompt: is missing (or prompt_token_ids)", "5",
            ])
    }
}
