import Basics
package import Parterre

/// The fields of a request that say what the model shall read: the messages of a chat, and how its template writes them down.
package struct ChatPrompt: Equatable, Sendable {
    /// One at least.
    package var messages: [Message]
    /// End with what opens the assistant's answer.
    package var addsGenerationPrompt = true
    /// Leave the last message open: the answer goes on with it.
    package var continuesFinalMessage = false
    /// What the template may name beside the messages.
    package var variables: [TemplateValue.Member] = []

    /// vLLM's names for what OpenAI does not have.
    package static let names: Set<String> = [
        "messages", "add_generation_prompt", "continue_final_message", "chat_template_kwargs", "chat_template",
    ]

    /// - Throws: `FieldError` that names the field at fault, e.g. `messages[2].content`.
    package static func read(_ fields: FieldReader) throws -> ChatPrompt {
        if fields.has("chat_template") {
            throw fields.error(
                "chat_template", "is not served: the template is the model's, or the one that the server was given")
        }
        guard let given = try fields.objects("messages") else { throw fields.error("messages", "is missing") }
        if given.isEmpty { throw fields.error("messages", "is empty") }
        var prompt = ChatPrompt(messages: try given.map { try $0.message() })
        prompt.continuesFinalMessage = try fields.bool("continue_final_message") ?? false
        let adds = try fields.bool("add_generation_prompt")
        if prompt.continuesFinalMessage, adds == true {
            throw fields.error(
                "continue_final_message",
                "and add_generation_prompt exclude each other: the answer goes on with a message or begins one")
        }
        prompt.addsGenerationPrompt = adds ?? !prompt.continuesFinalMessage
        prompt.variables = try fields.variables("chat_template_kwargs") ?? []
        if let own = prompt.variables.first(where: { names.contains($0.name) }) {
            throw fields.error("chat_template_kwargs", "\(own.name) is a field beside it")
        }
        return prompt
    }

    /// Whose message the answer is.
    package var answeringRole: String {
        addsGenerationPrompt ? ChatRole.assistant.rawValue : messages.last?.role ?? ChatRole.assistant.rawValue
    }
}

extension ChatPrompt {
    package struct Message: Equatable, Sendable {
        package var role: String
        /// Its parts; one where it was a plain string.
        package var texts: [String]
        /// `name` and `tool_call_id`, where it has them.
        package var others: [TemplateValue.Member] = []

        package init(role: String, texts: [String], others: [TemplateValue.Member] = []) {
            self.role = role
            self.texts = texts
            self.others = others
        }
    }

    /// As a template takes them. As in vLLM, parts are lines to one that takes strings, and a string is one part to one that
    /// takes parts.
    package func messages(asParts: Bool) -> [ChatMessage] {
        messages.map { message in
            guard asParts else {
                return ChatMessage(
                    role: message.role, content: message.texts.joined(separator: "\n"), others: message.others)
            }
            let parts = message.texts.map {
                TemplateValue.object([.init(name: "type", value: "text"), .init(name: "text", value: .string($0))])
            }
            return ChatMessage(role: message.role, parts: .array(parts), others: message.others)
        }
    }
}

/// Who speaks in OpenAI's chats. Which of them a model knows, its template says.
package enum ChatRole: String, CaseIterable, Sendable {
    case system, developer, user, assistant, tool
}

extension FieldReader {
    /// What OpenAI's clients send back of an answer, always null here.
    private static let unserved: Set<String> = ["audio", "function_call", "refusal", "annotations", "tool_calls"]

    /// This object as one message.
    fileprivate func message() throws -> ChatPrompt.Message {
        try refuseAllBut(Self.unserved.union(["role", "content", "name", "tool_call_id"]))
        for name in Self.unserved.sorted() where has(name) {
            throw error(name, "is not served: a message is text")
        }
        guard let role = try string("role") else { throw error("role", "is missing") }
        guard ChatRole(rawValue: role) != nil else {
            let known = ChatRole.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("role", "must be one of \(known), but is \(quoted(role))")
        }
        guard let texts = try texts("content") else { throw error("content", "is missing") }
        var message = ChatPrompt.Message(role: role, texts: texts)
        for name in ["name", "tool_call_id"] {
            if let value = try string(name) { message.others.append(.init(name: name, value: .string(value))) }
        }
        return message
    }

    /// A text, or parts of one.
    private func texts(_ name: String) throws -> [String]? {
        guard has(name) else { return nil }
        if let text = try? string(name) { return [text] }
        guard let parts = try? objects(name) else {
            throw error(name, "must be a string or an array of parts such as {\"type\": \"text\", \"text\": \"…\"}")
        }
        if parts.isEmpty { throw error(name, "is empty") }
        return try parts.map { part in
            guard let type = try part.string("type") else { throw part.error("type", "is missing") }
            guard type == "text" else {
                throw part.error("type", "is \(quoted(type)), but this model reads text alone")
            }
            try part.refuseAllBut(["type", "text"])
            guard let text = try part.string("text") else { throw part.error("text", "is missing") }
            return text
        }
    }
}
