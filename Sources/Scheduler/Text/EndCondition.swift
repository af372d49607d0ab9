import Basics

/// When a text ends. End tokens and stop strings count from `minTokens` generated tokens on; at the last token allowed,
/// `stop` goes before `length`.
struct EndCondition: Sendable {
    /// Tokens that end the text: the request's, and the model's own unless they are ignored. Ascending, each once.
    let endTokens: [TokenID]
    private let minTokens: Int
    let maxTokens: Int

    init(_ parameters: SamplingParameters, modelEndTokens: [TokenID]) {
        let ends = parameters.stopTokenIDs + (parameters.ignoreEOS ? [] : modelEndTokens)
        endTokens = Set(ends).sorted()
        minTokens = parameters.minTokens
        maxTokens = parameters.maxTokens
    }

    /// Whether this token, the `generated`th (from 1), ends the text: it is then one of the tokens, but has no text.
    func isEnd(_ id: TokenID, generated: Int) -> Bool {
        generated > minTokens && endTokens.contains(id)
    }

    /// Whether a stop string that the `generated`th token completes ends the text.
    func stopStringsCount(generated: Int) -> Bool { generated >= minTokens }

    /// Why the text ends with its `generated`th token, or `nil` if it goes on.
    func reason(endToken: Bool, stopString: Bool, generated: Int) -> FinishReason? {
        if endToken || stopString { return .stop }
        return generated >= maxTokens ? .length : nil
    }
}
