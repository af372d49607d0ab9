public import Basics

/// What a request's stream yields: `started` once, `promptLogprobs` once if the request asked for them, `token`s of all samples
/// interleaved, `finished` once per sample.
/// Of beam search all tokens come at the end, since which text is the best shows no earlier: one text after another, the
/// best first.
public enum GenerationEvent: Sendable, Equatable {
    /// The request has been taken on; its prompt's length in tokens.
    case started(promptTokens: Int)
    /// The prompt is computed: one entry per token of it, `nil` for the first and for those that were not asked for.
    case promptLogprobs([TokenLogprob?])
    case token(GeneratedToken)
    case finished(Completion)
}

/// One more token of one sample.
public struct GeneratedToken: Sendable, Equatable {
    /// Which of the request's `n` samples, from 0.
    public var sample: Int
    public var id: TokenID
    /// Text that became certain with this token: whole characters only, nothing that may turn out to begin a stop
    /// string; often empty. The pieces of a sample concatenate to its `Completion.text`. Empty without a tokenizer.
    public var text: String
    public var logprob: TokenLogprob?

    public init(sample: Int, id: TokenID, text: String, logprob: TokenLogprob?) {
        self.sample = sample
        self.id = id
        self.text = text
        self.logprob = logprob
    }
}

/// A token's log-probability (natural logarithm) in the model's own distribution, and the most likely tokens there.
public struct TokenLogprob: Sendable, Equatable {
    public struct Alternative: Sendable, Equatable {
        public var id: TokenID
        public var logprob: Float

        public init(id: TokenID, logprob: Float) {
            self.id = id
            self.logprob = logprob
        }
    }

    public var id: TokenID
    public var logprob: Float
    /// The most likely tokens, most likely first, the lower id first among equals.
    public var top: [Alternative]

    public init(id: TokenID, logprob: Float, top: [Alternative]) {
        self.id = id
        self.logprob = logprob
        self.top = top
    }
}

/// Why a text ended (OpenAI's words where it has one).
public enum FinishReason: String, Sendable, Codable {
    /// An end token or a stop string.
    case stop
    /// `maxTokens` were generated.
    case length
    /// The request's deadline passed: the text is what there was until then, maybe nothing. What might have begun a stop
    /// string or a character is left out of it, though not of its tokens.
    case deadline
}

/// How beam search rates a text.
public struct BeamScore: Sendable, Equatable {
    /// Sum of its tokens' log-probabilities, after penalties and biases.
    public var cumulativeLogprob: Float
    /// That over its length in tokens to the power of the length penalty; texts are returned in the order of this.
    public var score: Float

    public init(cumulativeLogprob: Float, score: Float) {
        self.cumulativeLogprob = cumulativeLogprob
        self.score = score
    }
}

/// A finished sample.
public struct Completion: Sendable, Equatable {
    /// Which of the request's `n` samples, from 0.
    public var sample: Int
    /// The continuation alone, without the stop string and without special tokens. Empty without a tokenizer.
    public var text: String
    /// Every generated token, an end token included.
    public var tokenIDs: [TokenID]
    public var finishReason: FinishReason
    public var promptTokens: Int
    /// One per token of `tokenIDs` when the request asked for them.
    public var logprobs: [TokenLogprob]?
    /// One per token of the prompt when the request asked for them and the prompt was computed to its end; `nil` for the first
    /// and for those that were not asked for.
    public var promptLogprobs: [TokenLogprob?]? = nil
    /// What beam search thinks of it; `nil` without one.
    public var beam: BeamScore?

    public var completionTokens: Int { tokenIDs.count }

    public init(
        sample: Int, text: String, tokenIDs: [TokenID], finishReason: FinishReason, promptTokens: Int,
        logprobs: [TokenLogprob]?, beam: BeamScore? = nil
    ) {
        self.sample = sample
        self.text = text
        self.tokenIDs = tokenIDs
        self.finishReason = finishReason
        self.promptTokens = promptTokens
        self.logprobs = logprobs
        self.beam = beam
    }
}
