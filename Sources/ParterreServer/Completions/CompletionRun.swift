import Forms
import Parterre

/// A request for texts that has been checked against the model and the server's limits.
struct CompletionRun<Form: AnswerForm>: Sendable {
    let wanted: CompletionRequest
    let model: ServedModel
    /// Tokens of each prompt.
    let prompts: [[TokenID]]
    let form: Form
    /// What traces and `/live` call it.
    let name: String?

    /// Tokenizes the prompts.
    ///
    /// - Throws: `APIError` 400 or `RequestError` for what cannot be served.
    init(
        _ wanted: CompletionRequest, as form: Form, model: ServedModel, limits: RequestLimits, name: String? = nil
    ) throws {
        self.wanted = wanted
        self.model = model
        self.form = form
        self.name = name
        try limits.check(wanted, form.fields)
        prompts = try wanted.prompts.map { try model.tokens(of: $0) }
        try limits.check(prompts, of: wanted, form.fields, contextLength: model.contextLength)
        try limits.checkAnswer(to: prompts, of: wanted, form)
        for prompt in prompts {
            var request = request(prompt)
            if isEchoOnly { request.parameters.maxTokens = 1 }
            try request.validate(vocabularySize: model.engine.vocabularySize)
        }
    }

    /// Sequences that it brings.
    var sequences: Int { prompts.count * wanted.bestOf }

    func request(_ prompt: [TokenID]) -> GenerationRequest {
        var options = wanted.options
        options.n = wanted.bestOf
        if picksBest, options.parameters.logprobs == nil { options.parameters.logprobs = 0 }
        var request = options.request(.tokens(prompt))
        if wanted.echo { request.promptLogprobs = wanted.options.parameters.logprobs }
        return request
    }

    /// Of the prompt with that index.
    func request(at index: Int) -> GenerationRequest {
        var request = request(prompts[index])
        request.label = name.map { prompts.count == 1 ? $0 : "\($0)/\(index)" }
        return request
    }

    /// Whether the answer is the prompt alone, of which the engine need not know.
    var isEchoOnly: Bool { wanted.options.parameters.maxTokens == 0 && !hasLogprobs }

    var hasLogprobs: Bool { wanted.options.parameters.logprobs != nil }

    /// Whether more samples are generated than are answered.
    var picksBest: Bool { wanted.bestOf > wanted.options.n }

    /// The text that an echo puts in front of the continuation.
    func echo(_ index: Int) -> String {
        guard wanted.echo else { return "" }
        if case .text(let text) = wanted.prompts[index] { return text }
        return model.engine.tokenizer?.decode(prompts[index], skipSpecialTokens: false) ?? ""
    }
}

extension ServedModel {
    /// - Throws: `RequestError.noTokenizer` for a text that the model cannot read.
    func tokens(of prompt: Prompt) throws(RequestError) -> [TokenID] {
        switch prompt {
        case .tokens(let ids): return ids
        case .text(let text):
            guard let tokenizer = engine.tokenizer else { throw .noTokenizer }
            return tokenizer.encode(text)
        }
    }
}
