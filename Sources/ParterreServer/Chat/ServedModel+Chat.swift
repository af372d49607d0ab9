import Forms
import HTTPTypes
import Parterre

extension ServedModel {
    /// - Throws: `APIError` 400 where there is none.
    var chatTemplate: ChatTemplate {
        get throws(APIError) {
            if let template = engine.chatTemplate { return template }
            throw APIError(
                .badRequest,
                "\(name) has no chat template, so it cannot chat: write the text that it shall continue to "
                    + "/v1/completions, or give the server a template (--chat-template)",
                param: "model", code: "no_chat_template")
        }
    }

    /// The messages as the model's template writes them down, tokenized: special tokens in the text are recognised, none
    /// is added.
    ///
    /// - Throws: `APIError` 400 where there is no template, `ChatTemplateError` where it makes nothing of these messages.
    func tokens(of chat: ChatPrompt) throws -> [TokenID] {
        let template = try chatTemplate
        let text = try template.render(
            chat.messages(asParts: template.wantsContentParts), addGenerationPrompt: chat.addsGenerationPrompt,
            continueFinalMessage: chat.continuesFinalMessage, variables: chat.variables)
        let tokens = try tokens(of: .text(text))
        if tokens.isEmpty {
            throw APIError(
                .badRequest, "messages: the model's chat template makes an empty text of them", param: "messages")
        }
        return tokens
    }
}

extension APIError {
    /// What a chat template says of a request.
    init(_ error: ChatTemplateError) {
        switch error {
        case .refused:
            self.init(.badRequest, "messages: \(error.message)", param: "messages", code: "messages_refused")
        case .rendering:
            self.init(.badRequest, "messages: \(error.message)", param: "messages", code: "messages_do_not_fit")
        case .syntax, .file:
            // Told when the template was loaded; it is not read again.
            self.init(.internalServerError, "the server failed; its log says why")
        }
    }
}
