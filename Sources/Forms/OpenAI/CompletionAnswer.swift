import Foundation

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

    /// - Parameter choices: made by `choice`.
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
