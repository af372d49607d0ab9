import Parterre

/// The form of `/v1/chat/completions`.
package struct ChatForm: AnswerForm {
    let answer: ChatAnswer
    let tokenizer: Tokenizer?
    let hasLogprobs: Bool
    package let fields: LimitedFields

    package init(_ wanted: ChatRequest, model: AnsweringModel) {
        answer = ChatAnswer(model: wanted.model ?? model.name, role: wanted.prompt.answeringRole)
        tokenizer = model.tokenizer
        hasLogprobs = wanted.options.parameters.logprobs != nil
        fields = LimitedFields(prompt: "messages", maxTokens: wanted.maxTokensField)
    }

    package static func bytesPerToken(logprobs: Int?) -> Int { 8 + (logprobs.map { 96 * (1 + $0) } ?? 0) }

    package func whole(_ choices: [CompletionPiece], usage: Usage) -> JSON {
        let forms = choices.map { piece in
            answer.choice(
                index: piece.choice, text: piece.text,
                logprobs: hasLogprobs ? ChatLogprobs.json(piece.logprobs, tokenizer) : nil,
                finishReason: piece.finishReason)
        }
        return answer.whole(choices: forms, usage: usage)
    }

    package func stream(announcesUsage: Bool) -> Stream { Stream(form: self, announcesUsage: announcesUsage) }

    package struct Stream: StreamForm {
        let form: ChatForm
        let announcesUsage: Bool

        package func opening(choices: Int) -> [JSON] {
            (0..<choices).map { form.answer.opening(index: $0, announcesUsage: announcesUsage) }
        }

        package func chunks(_ piece: CompletionPiece) -> [JSON] {
            var chunks: [JSON] = []
            if !piece.text.isEmpty || !piece.logprobs.isEmpty {
                let logprobs = piece.logprobs.isEmpty ? nil : ChatLogprobs.json(piece.logprobs, form.tokenizer)
                chunks.append(
                    form.answer.chunk(
                        index: piece.choice, text: piece.text, logprobs: logprobs, announcesUsage: announcesUsage))
            }
            if let reason = piece.finishReason {
                chunks.append(
                    form.answer.ending(index: piece.choice, finishReason: reason, announcesUsage: announcesUsage))
            }
            return chunks
        }

        package func chunk(usage: Usage) -> JSON { form.answer.chunk(usage: usage) }
    }
}
