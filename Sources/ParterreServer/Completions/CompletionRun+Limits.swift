import Forms
import Parterre

// Requests that are checked against the model and the server's limits.
extension CompletionRun {
    /// Tokenizes the prompts.
    ///
    /// - Throws: `APIError` 400 or `RequestError` for what cannot be served.
    fileprivate init(
        _ wanted: CompletionRequest, as form: Form, model: ServedModel, limits: RequestLimits, name: String?
    ) throws {
        let answering = model.answering
        try limits.check(wanted, form.fields)
        let prompts = try wanted.prompts.map { try answering.tokens(of: $0) }
        try limits.check(prompts, of: wanted, form.fields, contextLength: model.contextLength)
        try limits.checkAnswer(to: prompts, of: wanted, form)
        try self.init(wanted, as: form, prompts: prompts, model: answering, name: name)
    }
}

extension CompletionRun where Form == CompletionForm {
    init(_ wanted: CompletionRequest, model: ServedModel, limits: RequestLimits, name: String? = nil) throws {
        try self.init(
            wanted, as: CompletionForm(wanted, model: model.answering), model: model, limits: limits, name: name)
    }
}

extension CompletionRun where Form == ChatForm {
    /// Renders the messages and tokenizes what comes of them.
    init(_ chat: ChatRequest, model: ServedModel, limits: RequestLimits, name: String? = nil) throws {
        let tokens = try model.tokens(of: chat.prompt)
        let most = limits.newTokens(after: tokens.count, of: chat, plan: model.engine.memoryPlan)
        try self.init(
            chat.completion(of: tokens, most: most), as: ChatForm(chat, model: model.answering), model: model,
            limits: limits, name: name)
    }
}
