public import Foundation

/// How a model wants a chat to be written as one text: the Jinja template of its tokenizer (`chat_template`).
public struct ChatTemplate: Sendable {
    /// - Parameters:
    ///   - source: Jinja.
    ///   - specialTokens: what the template may name, such as `bos_token` and `eos_token`.
    public init(_ source: String, specialTokens: [String: String] = [:]) throws(ChatTemplateError) {
        throw .syntax(line: 1, "to be built")
    }

    /// The template of a model's folder; `nil` where it has none.
    public static func load(from directory: URL) throws(ChatTemplateError) -> ChatTemplate? { nil }

    /// - Parameters:
    ///   - addGenerationPrompt: end with what opens the assistant's answer.
    ///   - continueFinalMessage: leave the last message open, so that the model goes on with it.
    ///   - variables: further ones that the template may name (`chat_template_kwargs`).
    public func render(
        _ messages: [ChatMessage], addGenerationPrompt: Bool = true, continueFinalMessage: Bool = false,
        variables: [TemplateValue.Member] = []
    ) throws(ChatTemplateError) -> String { "" }
}
