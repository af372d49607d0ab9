import Forms
import Foundation
import Parterre
import Synchronization
import TestSupport
import Testing

@testable import BatchFiles

@Suite("A run over lines")
struct BatchRunTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.url.appending(path: "out.jsonl").path }

    init() throws { folder = try TemporaryDirectory() }

    /// Stands for the engine: answers with the prompt's length, and counts how many requests are in flight.
    private final class Echo: Sendable {
        let most = Mutex((now: 0, most: 0))

        func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
            AsyncThrowingStream { continuation in
                let task = Task {
                    most.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                    }
                    defer { most.withLock { $0.now -= 1 } }
                    try? await Task.sleep(for: .milliseconds(1))
                    let text =
                        switch request.prompt {
                        case .text(let text): text
                        case .tokens(let ids): String(decoding: ids.map { UInt8($0.index) }, as: UTF8.self)
                        }
                    guard text != "fail" else {
                        continuation.finish(throwing: RequestError.tooLong(tokens: 9, capacity: 5))
                        return
                    }
                    continuation.yield(.started(promptTokens: text.count))
                    for sample in 0..<request.n {
                        continuation.yield(
                            .finished(
                                Completion(
                                    sample: sample, text: text.uppercased(), tokenIDs: [5], finishReason: .stop,
                                    promptTokens: text.count, logprobs: nil)))
                    }
                    continuation.finish()
                }
                continuation.onTermination = { _ in task.cancel() }
            }
        }
    }

    private struct Lines: RequestSource {
        var lines: [Result<RequestLine, BadLine>]
        var index = 0

        init(_ texts: [String]) {
            lines = texts.enumerated().map { RequestLine.parse(Array($1.utf8), number: $0 + 1) }
        }

        mutating func next() -> Result<RequestLine, BadLine>? {
            guard index < lines.count else { return nil }
            defer { index += 1 }
            return lines[index]
        }
    }

    private func run(
        _ texts: [String], echo: Echo = Echo(), finished: FinishedWork = FinishedWork(), limit: Int = 4,
        stopAfter: Int = .max
    ) async throws -> (lines: [String], counts: Tally.Counts) {
        try? FileManager.default.removeItem(atPath: path)
        let writer = try OutputFile(path, resume: false).writer()
        let tally = Tally()
        var batch = BatchRun(
            source: Lines(texts),
            answering: Answering(
                model: AnsweringModel(name: "m", vocabularySize: 256, generate: { echo.generate($0) }), writer: writer),
            finished: finished, tally: tally, limit: limit, shouldStop: { tally.counts.done >= stopAfter })
        try await batch.run()
        let content = try String(contentsOfFile: path, encoding: .utf8)
        #expect(content.isEmpty || content.hasSuffix("\n"))
        return (content.split(separator: "\n").map(String.init), tally.counts)
    }

    @Test("writes one line a sample, and the bad lines with the good ones")
    func mixed() async throws {
        let (lines, counts) = try await run([
            #"{"id": "a", "prompt": "x", "n": 2}"#, "nonsense", #"{"id": "b", "prompt": "fail"}"#,
            #"{"custom_id": "c", "body": {"prompt": [[112], [113]], "n": 2}}"#,
            #"{"custom_id": "d", "body": {"prompt": [[112], [102, 97, 105, 108]]}}"#, #"{"prompt": "z"}"#,
            #"{"custom_id": "e", "body": {"messages": [{"role": "user", "content": "x"}]}}"#,
        ])
        #expect(counts == .init(answered: 3, failed: 4, skipped: 0))
        #expect(lines.count == 8)
        let records = lines.compactMap { OutputRecord(Array($0.utf8)) }
        #expect(records.count == 8)
        for wanted: OutputRecord in [
            .sample(.string("a"), index: 0), .sample(.string("a"), index: 1), .failure(.integer(2), line: 2),
            .failure(.string("b"), line: 3), .answer(.string("c")), .failure(.string("d"), line: 5),
            .failure(.string("e"), line: 7),
            .sample(.integer(6), index: 0),
        ] {
            #expect(records.contains(wanted), "\(wanted)")
        }
        let batch = lines.first { $0.contains(#""custom_id":"c""#) } ?? ""
        #expect(batch.contains(#""choices":[{"index":0,"text":"P","#))
        #expect(batch.contains(#"{"index":3,"text":"Q","#))
        let chat = lines.first { $0.contains(#""custom_id":"e""#) } ?? ""
        #expect(chat.contains("the model has no chat template"))
    }

    @Test("keeps no more requests in flight than it may")
    func bounded() async throws {
        let echo = Echo()
        let (lines, _) = try await run((0..<40).map { #"{"id": \#($0), "prompt": "x"}"# }, echo: echo, limit: 3)
        #expect(lines.count == 40)
        #expect(echo.most.withLock { $0.most } <= 3)
    }

    @Test("leaves out what is there, and of a half-done line the samples that are there")
    func resumed() async throws {
        var finished = FinishedWork()
        finished.add(.sample(.string("a"), index: 0))
        finished.add(.sample(.string("b"), index: 1))
        let (lines, counts) = try await run(
            [#"{"id": "a", "prompt": "x"}"#, #"{"id": "b", "prompt": "x", "n": 3}"#], finished: finished)
        #expect(counts == .init(answered: 1, failed: 0, skipped: 1))
        let wanted: [OutputRecord] = [.sample(.string("b"), index: 0), .sample(.string("b"), index: 2)]
        #expect(lines.compactMap { OutputRecord(Array($0.utf8)) } == wanted)
    }

    @Test("stops taking lines when asked and finishes those in flight")
    func stopped() async throws {
        let (lines, counts) = try await run(
            (0..<100).map { #"{"id": \#($0), "prompt": "x"}"# }, limit: 4, stopAfter: 10)
        #expect(counts.answered >= 10 && counts.answered < 100)
        #expect(lines.count == counts.answered)
    }
}
