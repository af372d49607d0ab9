public import Basics

/// What to continue: text for the model's tokenizer, or token ids as they are. No token is added in front.
public enum Prompt: Sendable, Equatable {
    case text(String)
    case tokens([TokenID])
}

/// One prompt and what is wanted of it.
public struct GenerationRequest: Sendable, Equatable {
    public var prompt: Prompt
    public var parameters: SamplingParameters
    /// Samples of the same prompt; they share its blocks. Sample i draws from the generator keyed by (seed, i).
    /// Of beam search it is how many of the best texts are returned, at most as many as there are beams.
    public var n: Int
    /// Lower values are served first, as in vLLM; -2³¹ ..< 2³¹. Where blocks or places in the batch are too few, requests of
    /// lower values take those of higher ones, which go on later. Nobody waits for ever: see docs/scheduling.md.
    public var priority = 0
    /// From submission on, waiting included. Once it has passed the request ends with what it has
    /// (`FinishReason.deadline`). Of equal priority, the request whose deadline is nearest is served first.
    public var deadline: Duration? = nil
    /// Report the log-probability of each token of the prompt as well, and that of this many most likely ones in its place
    /// (0…20), before the first generated token (vLLM's `prompt_logprobs`). They are what they would be had the model generated
    /// the tokens. `parameters.maxTokens` may then be 0.
    public var promptLogprobs: Int? = nil
    /// The first token of the prompt whose log-probability is wanted, from 0 (SGLang's `logprob_start_len`). What comes before is
    /// computed without logits, or found in the cache.
    public var promptLogprobsStart = 0
    /// What traces call it.
    public var label: String? = nil

    public init(_ prompt: Prompt, parameters: SamplingParameters = SamplingParameters(), n: Int = 1) {
        self.prompt = prompt
        self.parameters = parameters
        self.n = n
    }

    public init(_ text: String, parameters: SamplingParameters = SamplingParameters(), n: Int = 1) {
        self.init(.text(text), parameters: parameters, n: n)
    }
}
