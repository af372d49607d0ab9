import Parterre

/// The form of `/v1/completions`.
package struct CompletionForm: AnswerForm {
    let answer: CompletionAnswer
    let tokenizer: Tokenizer?
    let hasLogprobs: Bool

    package init(_ wanted: CompletionRequest, model: AnsweringModel) {
        answer = CompletionAnswer(model: wanted.model ?? model.name)
        tokenizer = model.tokenizer
        hasLogprobs = wanted.options.parameters.logprobs != nil
    }

    package var fields: LimitedFields { LimitedFields() }

    package static func bytesPerToken(logprobs: Int?) -> Int { 8 + (logprobs.map { 64 + 32 * $0 } ?? 0) }

    package func whole(_ choices: [CompletionPiece], usage: Usage) -> JSON {
        answer.whole(
            choices: choices.map { piece in
                var logprobs = hasLogprobs ? CompletionLogprobs(tokenizer) : nil
                return Self.choice(piece, logprobs?.json(prompt: piece.promptLogprobs, text: piece.logprobs))
            }, usage: usage)
    }

    package func stream(announcesUsage: Bool) -> Stream { Stream(form: self, announcesUsage: announcesUsage) }

    private static func choice(_ piece: CompletionPiece, _ logprobs: JSON?) -> JSON {
        CompletionAnswer.choice(
            index: piece.choice, text: piece.text, logprobs: logprobs, finishReason: piece.finishReason)
    }

    package struct Stream: StreamForm {
        let form: CompletionForm
        let announcesUsage: Bool
        /// By choice: where the next token's text begins.
        private var logprobs: [Int: CompletionLogprobs] = [:]

        init(form: CompletionForm, announcesUsage: Bool) {
            self.form = form
            self.announcesUsage = announcesUsage
        }

        package func opening(choices: Int) -> [JSON] { [] }

        package mutating func chunks(_ piece: CompletionPiece) -> [JSON] {
            var told: JSON?
            if form.hasLogprobs, !piece.promptLogprobs.isEmpty || !piece.logprobs.isEmpty {
                told = logprobs[piece.choice, default: CompletionLogprobs(form.tokenizer)]
                    .json(prompt: piece.promptLogprobs, text: piece.logprobs)
            }
            return [form.answer.chunk(CompletionForm.choice(piece, told), announcesUsage: announcesUsage)]
        }

        package func chunk(usage: Usage) -> JSON { form.answer.chunk(usage: usage) }
    }
}
