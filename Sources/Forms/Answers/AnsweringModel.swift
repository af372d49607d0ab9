package import Parterre

/// A model as whoever answers in OpenAI's forms needs it: what it is called, how it reads, how it writes.
package struct AnsweringModel: Sendable {
    /// Told where a request names none.
    package var name: String
    package var tokenizer: Tokenizer?
    /// A template that cannot be read concerns only those who chat.
    package var chatTemplate: Result<ChatTemplate?, any Error>
    package var vocabularySize: Int
    package var generate: @Sendable (GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>

    package init(
        name: String, tokenizer: Tokenizer? = nil, chatTemplate: Result<ChatTemplate?, any Error> = .success(nil),
        vocabularySize: Int,
        generate: @escaping @Sendable (GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>
    ) {
        self.name = name
        self.tokenizer = tokenizer
        self.chatTemplate = chatTemplate
        self.vocabularySize = vocabularySize
        self.generate = generate
    }

    package init(_ engine: Engine, name: String) {
        self.init(
            name: name, tokenizer: engine.tokenizer, chatTemplate: .success(engine.chatTemplate),
            vocabularySize: engine.vocabularySize, generate: { engine.generate($0) })
    }

    /// - Throws: `RequestError.noTokenizer` for a text that the model cannot read.
    package func tokens(of prompt: Prompt) throws(RequestError) -> [TokenID] {
        switch prompt {
        case .tokens(let ids): return ids
        case .text(let text):
            guard let tokenizer else { throw .noTokenizer }
            return tokenizer.encode(text)
        }
    }

    /// The messages as the model's template writes them down, tokenized: special tokens in the text are recognised, none
    /// is added.
    ///
    /// - Throws: `RequestError.noChatTemplate`; `ChatTemplateError` where the template makes nothing of these messages;
    ///   `FieldError` where it makes an empty text of them; whatever kept the template from being read.
    package func tokens(of chat: ChatPrompt) throws -> [TokenID] {
        guard let template = try chatTemplate.get() else { throw RequestError.noChatTemplate }
        let text = try template.render(
            chat.messages(asParts: template.wantsContentParts), addGenerationPrompt: chat.addsGenerationPrompt,
            continueFinalMessage: chat.continuesFinalMessage, variables: chat.variables)
        let tokens = try tokens(of: .text(text))
        if tokens.isEmpty {
            throw FieldError("the model's chat template makes an empty text of them", field: "messages")
        }
        return tokens
    }
}
