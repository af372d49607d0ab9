import Forms
import Foundation
import Parterre
import TestSupport
import Testing

@testable import BatchFiles

@Suite("Going on with an output file")
struct ResumeTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.url.appending(path: "out.jsonl").path }

    init() throws { folder = try TemporaryDirectory() }

    private func sample(_ id: String, _ index: Int = 0) -> String {
        let completion = Completion(
            sample: index, text: "t", tokenIDs: [5], finishReason: .length, promptTokens: 1, logprobs: nil)
        return NativeLine.completion(completion, id: .string(id), tokenizer: nil).line
    }

    private func failure(_ id: String, line: Int) -> String {
        NativeLine.failure(id: .string(id), line: line, error: FieldError("no", field: "prompt")).line
    }

    private func request(_ id: String, line: Int = 1, n: Int = 1) -> Result<RequestLine, BadLine> {
        .success(
            RequestLine(number: line, id: .string(id), content: .native(.text("x"), RequestOptions(n: n))))
    }

    private func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

    private func content() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("every line that is written is known again")
    func records() {
        #expect(OutputRecord(Array(sample("a", 3).utf8)) == .sample(.string("a"), index: 3))
        #expect(OutputRecord(Array(failure("a", line: 2).utf8)) == .failure(.string("a"), line: 2))
        let batch = OutputEnvelope(customID: .string("r"))
        #expect(OutputRecord(Array(batch.response(status: 200, body: .object([])).line.utf8)) == .answer(.string("r")))
        let failed = batch.response(status: 400, body: ErrorAnswer(FieldError("no")).json(line: 4)).line
        #expect(OutputRecord(Array(failed.utf8)) == .failure(.string("r"), line: 4))
        for other in ["", "{}", "5", #"{"id": 1}"#, #"{"id": "a", "index": 0"#, #"{"index": 0, "text": ""}"#] {
            #expect(OutputRecord(Array(other.utf8)) == nil, "\(other)")
        }
    }

    @Test("an id is done once all its samples are there")
    func samples() {
        var work = FinishedWork()
        work.add(.sample(.string("a"), index: 0))
        work.add(.sample(.string("a"), index: 2))
        #expect(work.covers(request("a", n: 1)))
        #expect(!work.covers(request("a", n: 2)))
        #expect(!work.covers(request("a", n: 3)))
        #expect(!work.covers(request("b")))
        for impossible in [0, -1, .min, .max] { #expect(!work.covers(request("a", n: impossible))) }
        work.add(.sample(.string("a"), index: 1))
        #expect(work.covers(request("a", n: 3)))
        for index in 0..<130 { work.add(.sample(.string("many"), index: index)) }
        #expect(work.covers(request("many", n: 130)))
        #expect(!work.covers(request("many", n: 131)))
        #expect(
            !work.covers(
                .success(RequestLine(number: 1, id: .integer(1), content: .native(.text("x"), RequestOptions())))))
    }

    @Test("a bad line of an id does not stand for the good line of that id")
    func duplicateFailure() {
        var work = FinishedWork()
        work.add(.failure(.string("a"), line: 2))
        #expect(!work.covers(request("a", line: 1)))
        #expect(work.covers(request("a", line: 2)))
        #expect(work.withoutFailures.isEmpty)
        let bad = BadLine(number: 2, id: .string("a"), form: .native, error: FieldError("no"))
        #expect(work.covers(.failure(bad)))
        // Without an id the line is written under its number.
        work.add(.failure(.integer(9), line: 9))
        #expect(work.covers(.failure(BadLine(number: 9, id: nil, form: .native, error: FieldError("no")))))
    }

    @Test("without --resume, an output that holds something is refused and stays as it is")
    func existing() throws {
        try write("precious\n")
        #expect(throws: FileError.self) { try OutputFile(path, resume: false) }
        #expect(throws: FileError.self) { try OutputFile(path, resume: true) }
        #expect(try content() == "precious\n")
        try write("")
        #expect(throws: Never.self) { try OutputFile(path, resume: false) }
    }

    @Test("nothing is created before the first line may be written")
    func nothingYet() async throws {
        let file = try OutputFile(path, resume: true)
        #expect(!FileManager.default.fileExists(atPath: path))
        let writer = try file.writer()
        try await writer.write(JSON.object(["a": 1]))
        await writer.finish()
        #expect(try content() == "{\"a\":1}\n")
        #expect(throws: FileError.self) {
            try OutputFile(folder.url.appending(path: "no/such/folder.jsonl").path, resume: false)
        }
    }

    @Test("a line torn at any of its bytes is cut off, and what is whole stays")
    func tornLine() async throws {
        let whole = sample("a") + "\n" + failure("b", line: 2) + "\n"
        let last = sample("c")
        for length in 0...last.utf8.count {
            try write(whole + String(decoding: last.utf8.prefix(length), as: UTF8.self))
            let file = try OutputFile(path, resume: true)
            #expect(file.finished.covers(request("a")))
            // The last byte makes the line whole: only its newline is missing.
            #expect(file.finished.covers(request("c")) == (length == last.utf8.count))
            let writer = try file.writer()
            try await writer.write(text: sample("d") + "\n")
            let wanted = whole + (length == last.utf8.count ? last + "\n" : "") + sample("d") + "\n"
            #expect(try content() == wanted, "torn after \(length) bytes")
        }
    }

    @Test("failures are dropped when they are to be tried again, in one step")
    func retryErrors() async throws {
        try write(failure("a", line: 1) + "\n" + sample("b") + "\n" + failure("c", line: 3) + "\n" + "{\"to")
        let file = try OutputFile(path, resume: true, retryErrors: true)
        #expect(!file.finished.covers(request("a", line: 1)))
        #expect(file.finished.covers(request("b", line: 2)))
        let writer = try file.writer()
        #expect(try content() == sample("b") + "\n")
        try await writer.write(text: sample("a") + "\n")
        #expect(try content() == sample("b") + "\n" + sample("a") + "\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["out.jsonl"])
    }

    @Test("two runs cannot write to one file")
    func lock() throws {
        try write(sample("a") + "\n")
        let first = try OutputFile(path, resume: true)
        let writer = try first.writer()
        #expect(throws: FileError.self) { try OutputFile(path, resume: true) }
        _ = writer
    }

    @Test("the input cannot be the output")
    func sameFile() throws {
        try write(sample("a") + "\n")
        let input = try InputFile(path)
        #expect(throws: FileError.unusable("\(path) is the input itself")) {
            try OutputFile(path, resume: true, input: input.identity)
        }
    }
}
