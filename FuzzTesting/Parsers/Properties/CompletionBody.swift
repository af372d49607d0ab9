import Basics
import Foundation

@testable import Forms
@testable import Scheduler

/// The body of a request to `/v1/completions`. What is accepted is the same again when it is written and read once more.
public enum CompletionBody: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let request = try read(bytes)
        try require(!request.prompts.isEmpty, "a request without a prompt")
        try require(request.bestOf >= request.options.n, "fewer samples than answers")
        if let written = write(request) {
            guard let again = try? read(Array(written.line.utf8)) else {
                throw Violation("refused when written again: \(written.line)")
            }
            try require(again == request, "another request when written again: \(written.line)")
        }
        for prompt in request.prompts { try request.options.request(prompt).validate(vocabularySize: 250_880) }
    }

    private static func read(_ bytes: [UInt8]) throws -> CompletionRequest {
        do {
            return try CompletionRequest.parse(bytes, defaults: RequestOptions())
        } catch let error as FieldError {
            throw Refusal(message: error.message)
        }
    }

    /// `nil` where the fields cannot be written as they were read: a deadline, and `best_of` of beam search.
    static func write(_ request: CompletionRequest) -> JSON? {
        guard request.options.deadline == nil else { return nil }
        var members = written(request.options)
        members.append(.init(name: "prompt", value: written(request.prompts)))
        members.append(.init(name: "echo", value: .bool(request.echo)))
        members.append(.init(name: "stream", value: .bool(request.stream)))
        if request.bestOf != request.options.n {
            members.append(.init(name: "best_of", value: .integer(request.bestOf)))
        }
        if let model = request.model { members.append(.init(name: "model", value: .string(model))) }
        if request.includeUsage {
            members.append(.init(name: "stream_options", value: .object(["include_usage": .bool(true)])))
        }
        return .object(members)
    }
}
