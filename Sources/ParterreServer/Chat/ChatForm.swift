import Forms
import Parterre

/// The form of `/v1/chat/completions`.
struct ChatForm: AnswerForm {
    let answer: ChatAnswer
    let tokenizer: Tokenizer?
    let hasLogprobs: Bool
    let fields: LimitedFields

    init(_ wanted: ChatRequest, model: ServedModel) {
        answer = ChatAnswer(model: wanted.model ?? model.name, role: wanted.prompt.answeringRole)
        tokenizer = model.engine.tokenizer
        hasLogprobs = wanted.options.parameters.logprobs != nil
        fields = LimitedFields(prompt: "messages", maxTokens: wanted.maxTokensField)
    }

    static func bytesPerToken(logprobs: Int?) -> Int { 8 + (logprobs.map { 96 * (1 + $0) } ?? 0) }

    func whole(_ choices: [CompletionPiece], usage: Usage) -> JSON {
        let forms = choices.map { piece in
            answer.choice(
                index: piece.choice, text: piece.text,
                logprobs: hasLogprobs ? ChatLogprobs.json(piece.logprobs, tokenizer) : nil,
                finishReason: piece.finishReason)
        }
        return answer.whole(choices: forms, usage: usage)
    }

    func stream(announcesUsage: Bool) -> Stream { Stream(form: self, announcesUsage: announcesUsage) }

    struct Stream: StreamForm {
        let form: ChatForm
        let announcesUsage: Bool

        func opening(choices: Int) -> [JSON] {
            (0..<choices).map { form.answer.opening(index: $0, announcesUsage: announcesUsage) }
        }

        func chunks(_ piece: CompletionPiece) -> [JSON] {
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

        func chunk(usage: Usage) -> JSON { form.answer.chunk(usage: usage) }
    }
}

extension CompletionRun where Form == ChatForm {
    /// Renders the messages and tokenizes what comes of them.
    ///
    /// - Throws: `APIError` 400 or `RequestError` for what cannot be served.
    init(_ chat: ChatRequest, model: ServedModel, limits: RequestLimits, name: String? = nil) throws {
        let tokens = try model.tokens(of: chat.prompt)
        let most = limits.newTokens(
            after: tokens.count, of: chat, plan: model.engine.memoryPlan)
        try self.init(
            chat.completion(of: tokens, most: most), as: ChatForm(chat, model: model), model: model, limits: limits,
            name: name)
    }
}
