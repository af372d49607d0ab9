/// One message of a chat, as a template sees it: an object with at least a `role` and a `content`.
public struct ChatMessage: Sendable, Equatable {
    /// `system`, `user`, `assistant`, or what else the template knows.
    public var role: String
    public var content: String
    /// Members beside role and content, such as `name`.
    public var others: [TemplateValue.Member]

    public init(role: String, content: String, others: [TemplateValue.Member] = []) {
        self.role = role
        self.content = content
        self.others = others
    }
}
