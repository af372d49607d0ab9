import Forms
import HTTPTypes
import Parterre

extension ServedModel {
    /// - Throws: `APIError` 400 where there is no template.
    func checkChats() throws(APIError) {
        if engine.chatTemplate != nil { return }
        throw APIError(
            .badRequest,
            "\(name) has no chat template, so it cannot chat: write the text that it shall continue to "
                + "/v1/completions, or give the server a template (--chat-template)",
            param: "model", code: "no_chat_template")
    }

    /// The messages as the model's template writes them down, tokenized.
    ///
    /// - Throws: `APIError` 400 where there is no template, `ChatTemplateError` or `FieldError` where it makes nothing of these
    ///   messages.
    func tokens(of chat: ChatPrompt) throws -> [TokenID] {
        try checkChats()
        return try answering.tokens(of: chat)
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
