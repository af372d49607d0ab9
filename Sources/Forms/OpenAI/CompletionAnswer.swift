import Foundation
package import Parterre

/// OpenAI's answer to `/v1/completions`: whole, or in chunks.
package struct CompletionAnswer: Sendable {
    package var id = "cmpl-" + UniqueName.make()
    package var model: String
    /// Seconds since 1970.
    package var created: Int

    package init(model: String, created: Int = Int(Date().timeIntervalSince1970)) {
        self.model = model
        self.created = created
    }

    /// All samples of all prompts, in order.
    package func whole(_ completions: [[Completion]], tokenizer: Tokenizer?) -> JSON {
        let choices = completions.joined().enumerated().map { index, completion in
            Self.choice(
                index: index, text: completion.text,
                logprobs: completion.logprobs.map { CompletionLogprobs.json($0, tokenizer) },
                finishReason: completion.finishReason.rawValue)
        }
        let prompt = completions.reduce(0) { $0 + ($1.first?.promptTokens ?? 0) }
        let generated = completions.joined().reduce(0) { $0 + $1.completionTokens }
        return whole(choices: choices, usage: Usage(promptTokens: prompt, completionTokens: generated))
    }

    /// Choices that are made already.
    package func whole(choices: [JSON], usage: Usage) -> JSON {
        answer(choices, [.init(name: "usage", value: usage.json)])
    }

    /// One chunk of a stream: what is new of one choice.
    ///
    /// - Parameter announcesUsage: the stream ends with the usage, and every chunk before it says so with a `null`.
    package func chunk(_ choice: JSON, announcesUsage: Bool) -> JSON {
        answer([choice], announcesUsage ? [.init(name: "usage", value: .null)] : [])
    }

    /// The chunk behind the last choice's end.
    package func chunk(usage: Usage) -> JSON { answer([], [.init(name: "usage", value: usage.json)]) }

    /// - Parameters:
    ///   - logprobs: `CompletionLogprobs`' form.
    ///   - finishReason: `nil` while the choice goes on.
    package static func choice(index: Int, text: String, logprobs: JSON?, finishReason: String?) -> JSON {
        .object([
            "index": .integer(index),
            "text": .string(text),
            "logprobs": logprobs ?? .null,
            "finish_reason": finishReason.map(JSON.string) ?? .null,
        ])
    }

    private func answer(_ choices: [JSON], _ more: [JSON.Member]) -> JSON {
        .object(
            [
                .init(name: "id", value: .string(id)),
                .init(name: "object", value: "text_completion"),
                .init(name: "created", value: .integer(created)),
                .init(name: "model", value: .string(model)),
                .init(name: "choices", value: .array(choices)),
            ] + more)
    }
}
