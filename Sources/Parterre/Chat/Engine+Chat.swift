public import ChatTemplates
public import Scheduler

extension Engine {
    /// A request for the next message of a chat, or for the rest of the last one: the messages as the model's template writes
    /// them down. Special tokens in that text are recognised, none is added.
    ///
    /// ```swift
    /// var chat = [ChatMessage(role: "user", content: "What grows in a parterre?")]
    /// let answer = try await engine.complete(engine.request(for: chat))[0]
    /// chat.append(ChatMessage(role: "assistant", content: answer.text))
    /// ```
    ///
    /// - Parameters:
    ///   - continueFinalMessage: go on with the last message instead of answering it.
    ///   - variables: further ones that the template may name, such as `enable_thinking`.
    ///   - parameters: `nil`: what the model recommends (`samplingDefaults`).
    ///   - n: samples of the same answer.
    /// - Throws: `RequestError.noChatTemplate`; `ChatTemplateError` where the template makes nothing of these messages.
    public func request(
        for messages: [ChatMessage], continueFinalMessage: Bool = false, variables: [TemplateValue.Member] = [],
        parameters: SamplingParameters? = nil, n: Int = 1
    ) throws -> GenerationRequest {
        guard let chatTemplate else { throw RequestError.noChatTemplate }
        let text = try chatTemplate.render(
            messages, addGenerationPrompt: !continueFinalMessage, continueFinalMessage: continueFinalMessage,
            variables: variables)
        return GenerationRequest(text, parameters: parameters ?? samplingDefaults, n: n)
    }
}
