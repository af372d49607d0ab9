/// What is new of one choice of a streamed answer, or all of one.
package struct CompletionPiece: Sendable {
    package var choice: Int
    package var text: String
    /// Tokens of the prompt, which come in front of those of the text; where they were asked for.
    package var promptLogprobs: [LogprobEntry]
    package var logprobs: [LogprobEntry]
    package var finishReason: String?

    package init(
        choice: Int, text: String = "", promptLogprobs: [LogprobEntry] = [], logprobs: [LogprobEntry] = [],
        finishReason: String? = nil
    ) {
        self.choice = choice
        self.text = text
        self.promptLogprobs = promptLogprobs
        self.logprobs = logprobs
        self.finishReason = finishReason
    }
}
