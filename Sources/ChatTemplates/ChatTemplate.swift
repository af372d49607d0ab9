/// How a model wants a chat to be written as one text: the Jinja template of its tokenizer (`chat_template`).
///
/// It is carried out as transformers' `apply_chat_template` does it. Templates come with the model and are not trusted: what they
/// may use of time, memory and stack is bounded, and whatever goes wrong is an error that tells the template's line.
public struct ChatTemplate: Sendable {
    /// Whether the template goes through a message's `content` as a list of parts.
    public let wantsContentParts: Bool

    /// What the template may name, such as `bos_token`.
    let specialTokens: [String: String]
    private let statements: [Statement]
    private let names: [String: Int]
    /// Whether the source speaks of `content` at all.
    private let namesContent: Bool

    /// Far more than any template has.
    static let largestSource = 1 << 20

    /// - Parameters:
    ///   - source: Jinja.
    ///   - specialTokens: what the template may name, such as `bos_token` and `eos_token`.
    public init(_ source: String, specialTokens: [String: String] = [:]) throws(ChatTemplateError) {
        guard source.utf8.count <= Self.largestSource else {
            throw .syntax(line: 1, "it has \(source.utf8.count) bytes, more than \(Self.largestSource)")
        }
        let parsed = try Parser.parse(source)
        statements = parsed.statements
        names = parsed.names
        namesContent = source.contains("content")
        wantsContentParts = ContentUse.wantsParts(parsed.statements)
        self.specialTokens = specialTokens
    }

    /// - Parameters:
    ///   - addGenerationPrompt: end with what opens the assistant's answer.
    ///   - continueFinalMessage: leave the last message open, so that the model goes on with it.
    ///   - variables: further ones that the template may name (`chat_template_kwargs`).
    public func render(
        _ messages: [ChatMessage], addGenerationPrompt: Bool = true, continueFinalMessage: Bool = false,
        variables: [TemplateValue.Member] = []
    ) throws(ChatTemplateError) -> String {
        try render(
            messages, addGenerationPrompt: addGenerationPrompt, continueFinalMessage: continueFinalMessage,
            variables: variables, limits: RenderingLimits(), clock: .local)
    }

    func render(
        _ messages: [ChatMessage], addGenerationPrompt: Bool, continueFinalMessage: Bool,
        variables: [TemplateValue.Member], limits: RenderingLimits, clock: TemplateClock
    ) throws(ChatTemplateError) -> String {
        var values: [TemplateValue.Member] = specialTokens.map { .init(name: $0.key, value: .string($0.value)) }
        values.append(.init(name: "tools", value: .none))
        values.append(.init(name: "documents", value: .none))
        values.append(.init(name: "add_generation_prompt", value: .bool(addGenerationPrompt)))
        values += variables
        guard continueFinalMessage else {
            values.append(.init(name: "messages", value: .array(messages.map { .object($0.members) })))
            return try render(values, limits, clock)
        }
        guard !addGenerationPrompt else {
            throw .refused(
                "A final message cannot be continued and be followed by a generation prompt: ask for one of both.")
        }
        guard namesContent else {
            throw .refused("The chat template does not show the final message that is to be continued.")
        }
        let (opened, final) = try FinalMessage.opened(messages)
        values.append(.init(name: "messages", value: .array(opened.map { .object($0.members) })))
        return try FinalMessage.cut(try render(values, limits, clock), after: final)
    }

    /// The text with these variables, of which the last of a name holds.
    func render(
        _ variables: [TemplateValue.Member], _ limits: RenderingLimits, _ clock: TemplateClock
    ) throws(ChatTemplateError) -> String {
        let renderer = Renderer(limits, clock: clock, loopName: names["loop"])
        do {
            for variable in variables {
                guard let id = names[variable.name] else { continue }
                renderer.frame.set(id, try Value(variable.value))
            }
            _ = try renderer.execute(statements)
            return renderer.output
        } catch Fault.refused(let reason) {
            throw .refused(reason)
        } catch Fault.failed(let reason) {
            throw .rendering(line: renderer.line, reason)
        } catch {
            throw .rendering(line: renderer.line, "\(error)")
        }
    }
}
