public import Basics

/// How tokens are chosen from logits and when a text ends. Names and meanings are OpenAI's and `transformers`'.
///
/// Order of application, as in `transformers`: repetition penalty, presence and frequency penalty, logit bias, end
/// tokens barred until `minTokens`; then (unless greedy) temperature, top-k, top-p, min-p, draw.
public struct SamplingParameters: Sendable, Equatable {
    /// Most tokens to generate, at least 1.
    public var maxTokens: Int = 128
    /// End tokens and stop strings do not count before that many generated tokens.
    public var minTokens: Int = 0
    /// 0 is greedy: the greatest logit, the lowest id among equals. Otherwise logits are divided by it.
    public var temperature: Float = 0
    /// Keep the k greatest logits; 0 or −1 keeps all.
    public var topK: Int = 0
    /// Keep the smallest set of most likely tokens whose probability reaches this, in (0, 1]; 1 keeps all.
    public var topP: Float = 1
    /// Drop tokens less likely than this share of the most likely one, in [0, 1].
    public var minP: Float = 0
    /// Divides positive and multiplies negative logits of every token in prompt or text so far (CTRL, 2019); > 0.
    public var repetitionPenalty: Float = 1
    /// Subtracted once from the logit of each token generated so far (OpenAI), in [−2, 2].
    public var presencePenalty: Float = 0
    /// Subtracted from a token's logit once per time it was generated (OpenAI), in [−2, 2].
    public var frequencyPenalty: Float = 0
    /// Added to the logits of these tokens (OpenAI), in [−100, 100].
    public var logitBias: [TokenID: Float] = [:]
    /// Key of the request's random generator; the text is a pure function of prompt, parameters and seed.
    public var seed: UInt64 = 0
    /// The text ends before the first of these strings, also where one spans several tokens.
    public var stop: [String] = []
    /// These end the text as the model's own end tokens do.
    public var stopTokenIDs: [TokenID] = []
    /// The model's end tokens are tokens like any other.
    public var ignoreEOS: Bool = false
    /// Report the chosen token's log-probability and that of this many most likely ones (0…20); `nil`: report none.
    /// They are of the model's own distribution: logits before penalties and temperature.
    public var logprobs: Int? = nil
    /// Beam search instead of one text after another.
    public var beams = BeamParameters()

    public init() {}

    /// Greatest `logprobs` that is served.
    public static let mostAlternatives = 20
}
