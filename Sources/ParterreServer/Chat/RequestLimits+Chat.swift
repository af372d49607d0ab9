import Forms
import Parterre

extension RequestLimits {
    /// `max_tokens` of a chat that does not say it: `chatTokens`, or less where the prompt leaves less room in the cache, or
    /// where this server's other limits allow less. At least 1, of which the checks may say that it does not fit.
    func newTokens(after promptTokens: Int, of chat: ChatRequest, plan: MemoryPlan) -> Int {
        // The last token is never fed back, so it takes no room. Each beam may come to hold its own blocks, of which the first
        // and the last are not full.
        let beams = chat.options.parameters.beams.count
        let room = plan.cacheTokens - promptTokens
        let fitting = beams > 1 ? room / beams - 2 * plan.blockSize : room + 1
        var most = min(chatTokens, newTokens ?? .max, fitting)
        if !chat.stream {
            let perToken = ChatForm.bytesPerToken(logprobs: chat.options.parameters.logprobs)
            most = min(most, answerBytes / perToken / max(1, chat.options.n))
        }
        return max(1, most)
    }
}
