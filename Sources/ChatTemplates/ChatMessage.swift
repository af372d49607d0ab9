/// One message of a chat, as a template sees it: an object with at least a `role` and a `content`.
public struct ChatMessage: Sendable, Equatable {
    /// `system`, `user`, `assistant`, or what else the template knows.
    public var role: String
    public var content: String
    /// What the template sees as `content` in place of the string: a list of parts such as `{"type": "text", "text": …}`, for
    /// templates that want them (`ChatTemplate.wantsContentParts`); none for a message without content.
    public var parts: TemplateValue?
    /// Members beside role and content, such as `name`. As in transformers, a member that is none is left out, and reasoning
    /// (`reasoning_content`, `thinking` or `reasoning`) is shown as `thinking` and as `reasoning_content`.
    public var others: [TemplateValue.Member]

    public init(role: String, content: String, others: [TemplateValue.Member] = []) {
        self.role = role
        self.content = content
        self.others = others
    }

    /// A message whose content is no plain string.
    public init(role: String, parts: TemplateValue, others: [TemplateValue.Member] = []) {
        self.init(role: role, content: "", others: others)
        self.parts = parts
    }
}

extension ChatMessage {
    private static let reasoningNames = ["reasoning_content", "thinking", "reasoning"]

    /// The members in transformers' order.
    var members: [TemplateValue.Member] {
        var members: [TemplateValue.Member] = [TemplateValue.Member(name: "role", value: .string(role))]
        members.append(TemplateValue.Member(name: "content", value: parts ?? .string(content)))
        members += others
        members.removeAll { $0.value == .none }
        let reasoning = Self.reasoningNames.lazy.compactMap { name in members.last { $0.name == name } }.first
        guard let reasoning else { return members }
        if !members.contains(where: { $0.name == "thinking" }) {
            members.insert(TemplateValue.Member(name: "thinking", value: reasoning.value), at: 0)
        }
        members.append(TemplateValue.Member(name: "reasoning_content", value: reasoning.value))
        return members
    }
}
