package import Parterre

/// A request for texts, its prompts read, and the form that they are answered in.
package struct CompletionRun<Form: AnswerForm>: Sendable {
    package let wanted: CompletionRequest
    package let model: AnsweringModel
    /// Tokens of each prompt.
    package let prompts: [[TokenID]]
    package let form: Form
    /// What traces call it.
    package let name: String?

    /// - Parameter prompts: the tokens of each of the request's.
    /// - Throws: `RequestError` for what the model cannot serve.
    package init(
        _ wanted: CompletionRequest, as form: Form, prompts: [[TokenID]], model: AnsweringModel, name: String? = nil
    ) throws {
        self.wanted = wanted
        self.model = model
        self.prompts = prompts
        self.form = form
        self.name = name
        for prompt in prompts {
            var request = request(prompt)
            if isEchoOnly { request.parameters.maxTokens = 1 }
            try request.validate(vocabularySize: model.vocabularySize)
        }
    }

    /// Sequences that it brings.
    package var sequences: Int { prompts.count * wanted.bestOf }

    private func request(_ prompt: [TokenID]) -> GenerationRequest {
        var options = wanted.options
        options.n = wanted.bestOf
        if picksBest, options.parameters.logprobs == nil { options.parameters.logprobs = 0 }
        var request = options.request(.tokens(prompt))
        if wanted.echo { request.promptLogprobs = wanted.options.parameters.logprobs }
        return request
    }

    /// Of the prompt with that index.
    package func request(at index: Int) -> GenerationRequest {
        var request = request(prompts[index])
        request.label = name.map { prompts.count == 1 ? $0 : "\($0)/\(index)" }
        return request
    }

    /// Whether the answer is the prompt alone, of which the engine need not know.
    package var isEchoOnly: Bool { wanted.options.parameters.maxTokens == 0 && !hasLogprobs }

    package var hasLogprobs: Bool { wanted.options.parameters.logprobs != nil }

    /// Whether more samples are generated than are answered.
    var picksBest: Bool { wanted.bestOf > wanted.options.n }

    /// The text that an echo puts in front of the continuation.
    package func echo(_ index: Int) -> String {
        guard wanted.echo else { return "" }
        if case .text(let text) = wanted.prompts[index] { return text }
        return model.tokenizer?.decode(prompts[index], skipSpecialTokens: false) ?? ""
    }
}

extension CompletionRun where Form == CompletionForm {
    /// Tokenizes the prompts.
    ///
    /// - Throws: `RequestError` for what the model cannot read or serve.
    package init(_ wanted: CompletionRequest, model: AnsweringModel, name: String? = nil) throws {
        let prompts = try wanted.prompts.map { try model.tokens(of: $0) }
        try self.init(
            wanted, as: CompletionForm(wanted, model: model), prompts: prompts, model: model, name: name)
    }
}

extension CompletionRun where Form == ChatForm {
    /// Renders the messages and tokenizes what comes of them. Where the request does not say how many tokens it wants, its
    /// options do.
    ///
    /// - Throws: what `AnsweringModel.tokens` throws, and `RequestError` for what the model cannot serve.
    package init(_ chat: ChatRequest, model: AnsweringModel, name: String? = nil) throws {
        let tokens = try model.tokens(of: chat.prompt)
        let wanted = chat.completion(of: tokens, most: chat.options.parameters.maxTokens)
        try self.init(wanted, as: ChatForm(chat, model: model), prompts: [tokens], model: model, name: name)
    }
}
