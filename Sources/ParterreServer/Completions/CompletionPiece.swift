import Forms

/// What is new of one choice of a streamed answer, or all of one.
struct CompletionPiece: StreamPiece {
    var choice: Int
    var text = ""
    /// Tokens of the prompt, which come in front of those of the text; where they were asked for.
    var promptLogprobs: [LogprobEntry] = []
    var logprobs: [LogprobEntry] = []
    var finishReason: String?

    var bytes: Int {
        let tokens = (promptLogprobs + logprobs).reduce(0) { $0 + 64 + 16 * $1.top.count }
        return 64 + text.utf8.count + tokens
    }

    mutating func append(_ next: CompletionPiece) {
        text += next.text
        promptLogprobs += next.promptLogprobs
        logprobs += next.logprobs
        finishReason = next.finishReason ?? finishReason
    }
}
