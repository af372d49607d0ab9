import Forms

extension CompletionPiece: StreamPiece {
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
