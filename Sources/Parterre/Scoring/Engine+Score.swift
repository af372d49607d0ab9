import Basics
public import Scheduler

extension Engine {
    /// How likely the model finds each token of a text: bit for bit what `logprobs` would have reported had it generated
    /// them. Texts that are scored at the same time share steps, and no more than 64 rows of logits are held at a time.
    ///
    /// - Parameters:
    ///   - first: the first token to score. The logits before it are not computed, and its text may come from the prefix
    ///     cache: many endings of one text cost little more than the endings.
    ///   - alternatives: how many of the most likely tokens to report in each place, 20 at most; at least one is.
    /// - Throws: `RequestError`; `CancellationError` when the task is cancelled.
    public func score(_ text: Prompt, from first: Int = 0, alternatives: Int = 1) async throws -> TextScore {
        let tokens = try self.tokens(of: text)
        var request = GenerationRequest(.tokens(tokens))
        request.parameters.maxTokens = 0
        request.promptLogprobs = max(1, alternatives)
        request.promptLogprobsStart = first
        guard let logprobs = try await complete(request).first?.promptLogprobs else { throw CancellationError() }
        return TextScore(tokenIDs: tokens, logprobs: logprobs)
    }

    /// The same of a text.
    public func score(_ text: String, alternatives: Int = 1) async throws -> TextScore {
        try await score(.text(text), alternatives: alternatives)
    }

    /// How likely a text goes on like this. The text is tokenised as a whole, and its score begins behind as many tokens as the
    /// context has alone, as lm-evaluation-harness does it.
    public func score(_ continuation: String, after context: String, alternatives: Int = 1) async throws -> TextScore {
        let begin = try tokens(of: .text(context)).count
        return try await score(.text(context + continuation), from: begin, alternatives: alternatives)
    }

    func tokens(of prompt: Prompt) throws(RequestError) -> [TokenID] {
        switch prompt {
        case .tokens(let ids): return ids
        case .text(let text):
            guard let tokenizer else { throw .noTokenizer }
            return tokenizer.encode(text)
        }
    }
}
