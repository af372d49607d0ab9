public import Basics
import Foundation
public import Scheduler

/// How likely a model finds a text.
public struct TextScore: Sendable, Equatable {
    /// The whole text's tokens.
    public var tokenIDs: [TokenID]
    /// One per token; `nil` for the text's first, which nothing comes before, and for those that were not asked for. Each has the
    /// most likely token in its place as first of `top`.
    public var logprobs: [TokenLogprob?]

    public init(tokenIDs: [TokenID], logprobs: [TokenLogprob?]) {
        self.tokenIDs = tokenIDs
        self.logprobs = logprobs
    }

    /// Tokens that have a log-probability.
    public var scoredTokens: Int { logprobs.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }

    /// Sum of the log-probabilities (natural logarithm).
    public var total: Double { logprobs.reduce(0) { $0 + Double($1?.logprob ?? 0) } }

    /// exp of the mean negative log-probability; NaN where no token has one.
    public var perplexity: Double { exp(-total / Double(scoredTokens)) }

    /// Whether a greedy text would have been this one: every scored token is the most likely in its place.
    public var isGreedy: Bool { logprobs.allSatisfy { $0.map { $0.top.first?.id == $0.id } ?? true } }
}
