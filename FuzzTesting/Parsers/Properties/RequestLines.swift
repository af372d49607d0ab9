import Basics
import Foundation

@testable import BatchFiles
@testable import Forms
@testable import Scheduler

/// A file of requests in JSON lines. Its lines are those of a plain split, whatever chunks it comes in; a request is the
/// same again when it is written and read once more; and of each line, good or bad, what is written about it tells a later
/// run that nothing is left to do.
public enum RequestLines: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let lines = try split(bytes)
        var refused: FieldError?
        for (index, line) in lines.prefix(20).enumerated() {
            switch RequestLine.parse(line, number: index + 1) {
            case .success(let request):
                try check(request)
                do {
                    try request.options.request(.tokens([TokenID(1)])).validate(vocabularySize: 250_880)
                } catch {
                    try requireSentence(error.message)
                    refused = refused ?? FieldError(error)
                    continue
                }
                try checkAnswer(request)
            case .failure(let bad):
                try requireSentence(bad.error.message)
                try checkFailure(bad)
                refused = refused ?? bad.error
            }
        }
        if let refused { throw Refusal(message: refused.message) }
    }

    // MARK: Lines

    private static func split(_ bytes: [UInt8]) throws -> [[UInt8]] {
        var plain = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        if plain.last == [] { plain.removeLast() }
        for (chunk, limit) in [(1, 5), (7, 40), (bytes.count + 1, Int.max)] {
            var splitter = LineSplitter(limit: limit)
            var lines: [LineSplitter.Line] = []
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                splitter.append(bytes[start..<min(bytes.count, start + chunk)])
                while let line = splitter.next() { lines.append(line) }
            }
            if let line = splitter.finish() { lines.append(line) }
            let expected = plain.map { $0.count > limit ? LineSplitter.Line.tooLong(bytes: $0.count) : .whole($0) }
            try require(lines == expected, "chunks of \(chunk) give other lines")
        }
        return plain
    }

    // MARK: Requests

    private static func check(_ request: RequestLine) throws {
        if case .openAIBatch(.completion(let completion)) = request.content {
            try require(!completion.prompts.isEmpty, "a request without a prompt")
        }
        guard let written = write(request) else { return }
        guard case .success(let again) = RequestLine.parse(Array(written.line.utf8), number: request.number) else {
            throw Violation("refused when written again: \(written.line)")
        }
        try require(
            withoutNames(again) == withoutNames(request), "another request when written again: \(written.line)")
    }

    private static func withoutNames(_ line: RequestLine) -> RequestLine {
        guard case .openAIBatch(.chat(let chat)) = line.content else { return line }
        var line = line
        line.content = .openAIBatch(.chat(ChatBody.withoutNames(chat)))
        return line
    }

    /// `nil` where fields cannot be written as they were read, such as a deadline.
    private static func write(_ line: RequestLine) -> JSON? {
        switch line.content {
        case .native(let prompt, let options):
            guard options.deadline == nil else { return nil }
            let members = written(options) + [.init(name: "prompt", value: written([prompt]))]
            return .object([.init(name: "id", value: line.id.json)] + members)
        case .openAIBatch(.completion(let request)):
            return CompletionBody.write(request).map { .object(["custom_id": line.id.json, "body": $0]) }
        case .openAIBatch(.chat(let request)):
            let url = JSON.string(BatchEndpoint.chatCompletions.rawValue)
            return ChatBody.write(request).map { .object(["custom_id": line.id.json, "url": url, "body": $0]) }
        }
    }

    // MARK: Answers

    private static func checkAnswer(_ request: RequestLine) throws {
        let completions = (0..<request.options.n).map { sample in
            Completion(
                sample: sample, text: request.id.name, tokenIDs: [1, 2], finishReason: .stop, promptTokens: 1,
                logprobs: nil)
        }
        let lines: [JSON]
        switch request.form {
        case .native: lines = completions.map { NativeLine.completion($0, id: request.id, tokenizer: nil) }
        case .openAIBatch: lines = [OutputEnvelope(customID: request.id).response(status: 200, body: .object([]))]
        }
        var work = FinishedWork()
        for line in lines {
            try require(!work.covers(.success(request)), "a request is done before its last line")
            try add(line, to: &work)
        }
        try require(work.covers(.success(request)), "what is written does not say that the request is done")
        try require(work.failureCount == 0, "an answer counts as a failure")
    }

    private static func checkFailure(_ bad: BadLine) throws {
        let line =
            bad.form == .native
            ? NativeLine.failure(id: bad.id ?? LineID(line: bad.number), line: bad.number, error: bad.error)
            : OutputEnvelope(customID: bad.id)
                .response(status: 400, body: ErrorAnswer(bad.error).json(line: bad.number))
        var work = FinishedWork()
        try add(line, to: &work)
        try require(work.covers(.failure(bad)), "what is written does not say that the bad line is done: \(line.line)")
        try require(work.failureCount == 1, "a failure does not count as one")
    }

    private static func add(_ line: JSON, to work: inout FinishedWork) throws {
        let text = line.line
        try require(!text.utf8.contains(0x0A), "an output line has a newline in it")
        guard let record = OutputRecord(Array(text.utf8)) else {
            throw Violation("an output line is none: \(text)")
        }
        work.add(record)
    }
}
