import Basics

/// Log-probabilities of a prompt's tokens, gathered while the prompt is computed, however often that is begun anew. Lanes
/// write them, each into a place of its own; the rest is the engine's queue's.
final class PromptReport {
    let alternatives: Int
    /// The first token whose log-probability is missing yet; the row of the token before it is wanted next.
    private(set) var next: Int
    private let tokens: UnsafeMutableBufferPointer<TokenLogprob?>

    /// - Parameters:
    ///   - first: the first token to report; of a prompt's very first one there is nothing to say.
    ///   - alternatives: how many of the most likely tokens to report beside each.
    init(promptTokens: Int, first: Int, alternatives: Int) {
        self.alternatives = alternatives
        next = min(max(1, first), promptTokens)
        tokens = .allocate(capacity: promptTokens)
        tokens.initialize(repeating: nil)
    }

    deinit {
        tokens.deinitialize()
        tokens.deallocate()
    }

    /// Whether all tokens have theirs.
    var isComplete: Bool { next == tokens.count }

    /// One per token of the prompt; `nil` for those that are not reported.
    var logprobs: [TokenLogprob?] { Array(tokens) }

    /// Whether the logits behind the token at `position` are of use.
    func wants(rowAt position: Int) -> Bool { position + 1 >= next && position + 1 < tokens.count }

    func set(_ logprob: TokenLogprob, ofToken index: Int) { tokens[index] = logprob }

    /// The first `stored` tokens are computed, and all rows of these that were wanted have been seen.
    func advance(stored: Int) { next = min(max(next, stored + 1), tokens.count) }
}
