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
