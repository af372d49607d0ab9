import Foundation

/// OpenAI's answer to `/v1/chat/completions`: whole, or in chunks.
package struct ChatAnswer: Sendable {
    package var id = "chatcmpl-" + UniqueName.make()
    package var model: String
    /// Whose message the answer is.
    package var role: String
    /// Seconds since 1970.
    package var created: Int

    package init(model: String, role: String, created: Int = Int(Date().timeIntervalSince1970)) {
        self.model = model
        self.role = role
        self.created = created
    }

    /// - Parameter choices: made by `choice`.
    package func whole(choices: [JSON], usage: Usage) -> JSON {
        answer("chat.completion", choices, [.init(name: "usage", value: usage.json)])
    }

    /// - Parameter logprobs: `ChatLogprobs`' form.
    package func choice(index: Int, text: String, logprobs: JSON?, finishReason: String?) -> JSON {
        let message = JSON.object(["role": .string(role), "content": .string(text), "refusal": nil])
        return choice(index, "message", message, logprobs, finishReason)
    }

    /// The chunk that a stream's choice begins with: who speaks.
    package func opening(index: Int, announcesUsage: Bool) -> JSON {
        let delta = JSON.object(["role": .string(role), "content": ""])
        return chunk(choice(index, "delta", delta, nil, nil), announcesUsage)
    }

    /// More of a choice's text.
    package func chunk(index: Int, text: String, logprobs: JSON?, announcesUsage: Bool) -> JSON {
        chunk(choice(index, "delta", .object(["content": .string(text)]), logprobs, nil), announcesUsage)
    }

    /// A choice's end.
    package func ending(index: Int, finishReason: String, announcesUsage: Bool) -> JSON {
        chunk(choice(index, "delta", .object([]), nil, finishReason), announcesUsage)
    }

    /// The chunk behind the last choice's end.
    package func chunk(usage: Usage) -> JSON {
        answer("chat.completion.chunk", [], [.init(name: "usage", value: usage.json)])
    }

    /// - Parameter announcesUsage: the stream ends with the usage, and every chunk before it says so with a `null`.
    private func chunk(_ choice: JSON, _ announcesUsage: Bool) -> JSON {
        answer("chat.completion.chunk", [choice], announcesUsage ? [.init(name: "usage", value: .null)] : [])
    }

    private func choice(
        _ index: Int, _ name: String, _ content: JSON, _ logprobs: JSON?, _ finishReason: String?
    ) -> JSON {
        .object([
            .init(name: "index", value: .integer(index)),
            .init(name: name, value: content),
            .init(name: "logprobs", value: logprobs ?? .null),
            .init(name: "finish_reason", value: finishReason.map(JSON.string) ?? .null),
        ])
    }

    private func answer(_ object: JSON, _ choices: [JSON], _ more: [JSON.Member]) -> JSON {
        .object(
            [
                .init(name: "id", value: .string(id)),
                .init(name: "object", value: object),
                .init(name: "created", value: .integer(created)),
                .init(name: "model", value: .string(model)),
                .init(name: "choices", value: .array(choices)),
            ] + more)
    }
}
