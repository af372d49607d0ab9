/// How many tokens a request took, in OpenAI's form.
package struct Usage: Equatable, Sendable {
    package var promptTokens: Int
    package var completionTokens: Int

    package init(promptTokens: Int = 0, completionTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
    }

    package var json: JSON {
        .object([
            "prompt_tokens": .integer(promptTokens),
            "completion_tokens": .integer(completionTokens),
            "total_tokens": .integer(promptTokens + completionTokens),
        ])
    }
}
