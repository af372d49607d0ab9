import Basics
import Foundation
import Parterre

@testable import Forms
@testable import Scheduler

/// The body of a request to `/v1/chat/completions`. What is accepted is the same again when it is written and read once more.
public enum ChatBody: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let request = try read(bytes)
        let prompt = request.prompt
        try require(!prompt.messages.isEmpty, "a chat without a message")
        for message in prompt.messages {
            try require(ChatRole(rawValue: message.role) != nil, "a message of nobody's: \(message.role)")
            try require(!message.texts.isEmpty, "a message without a text")
        }
        try require(
            !(prompt.continuesFinalMessage && prompt.addsGenerationPrompt), "the last message goes on and is answered")
        if let written = write(request) {
            guard let again = try? read(Array(written.line.utf8)) else {
                throw Violation("refused when written again: \(written.line)")
            }
            try require(
                withoutNames(again) == withoutNames(request), "another request when written again: \(written.line)")
        }
        let completion = request.completion(of: [TokenID(1)], most: 7)
        try require(completion.options.parameters.maxTokens > 0, "an answer of no token")
        try completion.options.request(.tokens([TokenID(1)])).validate(vocabularySize: 250_880)
    }

    private static func read(_ bytes: [UInt8]) throws -> ChatRequest {
        do {
            return try ChatRequest.parse(bytes, defaults: RequestOptions())
        } catch let error as FieldError {
            throw Refusal(message: error.message)
        }
    }

    /// Without what says how a field was written, and the number that does not count.
    static func withoutNames(_ request: ChatRequest) -> ChatRequest {
        var request = request
        request.options.parameters.maxTokens = 1
        request.hasMinTokens = true
        request.maxTokensField = ""
        return request
    }

    /// `nil` where the fields cannot be written as they were read: a deadline.
    static func write(_ request: ChatRequest) -> JSON? {
        guard request.options.deadline == nil else { return nil }
        let prompt = request.prompt
        // Written below, in the chat's own form.
        var members = written(request.options).filter { !["max_tokens", "logprobs"].contains($0.name) }
        members.append(.init(name: "messages", value: .array(prompt.messages.map(written))))
        members.append(.init(name: "add_generation_prompt", value: .bool(prompt.addsGenerationPrompt)))
        members.append(.init(name: "continue_final_message", value: .bool(prompt.continuesFinalMessage)))
        members.append(.init(name: "chat_template_kwargs", value: written(.object(prompt.variables))))
        members.append(.init(name: "stream", value: .bool(request.stream)))
        if let logprobs = request.options.parameters.logprobs {
            members.append(.init(name: "logprobs", value: .bool(true)))
            members.append(.init(name: "top_logprobs", value: .integer(logprobs)))
        }
        if let most = request.maxTokens { members.append(.init(name: "max_completion_tokens", value: .integer(most))) }
        if let model = request.model { members.append(.init(name: "model", value: .string(model))) }
        if request.includeUsage {
            members.append(.init(name: "stream_options", value: .object(["include_usage": .bool(true)])))
        }
        return .object(members)
    }

    private static func written(_ message: ChatPrompt.Message) -> JSON {
        let parts = message.texts.map { JSON.object(["type": "text", "text": .string($0)]) }
        return .object(
            [.init(name: "role", value: .string(message.role)), .init(name: "content", value: .array(parts))]
                + message.others.map { .init(name: $0.name, value: written($0.value)) })
    }

    private static func written(_ value: TemplateValue) -> JSON {
        switch value {
        case .none: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .array(let values): .array(values.map { written($0) })
        case .object(let members): .object(members.map { .init(name: $0.name, value: written($0.value)) })
        }
    }
}
