import Foundation
package import Parterre

/// OpenAI's answer to `/v1/completions`.
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
            JSON.object([
                "index": .integer(index),
                "text": .string(completion.text),
                "logprobs": completion.logprobs.map { CompletionLogprobs.json($0, tokenizer) } ?? .null,
                "finish_reason": .string(completion.finishReason.rawValue),
            ])
        }
        let prompt = completions.reduce(0) { $0 + ($1.first?.promptTokens ?? 0) }
        let generated = completions.joined().reduce(0) { $0 + $1.completionTokens }
        return .object([
            "id": .string(id),
            "object": "text_completion",
            "created": .integer(created),
            "model": .string(model),
            "choices": .array(choices),
            "usage": .object([
                "prompt_tokens": .integer(prompt),
                "completion_tokens": .integer(generated),
                "total_tokens": .integer(prompt + generated),
            ]),
        ])
    }
}
