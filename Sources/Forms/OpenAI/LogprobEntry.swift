package import Parterre

/// A token of an answer and, but for a text's first one, how likely it was.
package struct LogprobEntry: Sendable {
    package var id: TokenID
    /// `nil` for a text's first token, which nothing stands before.
    package var logprob: Float?
    package var top: [TokenLogprob.Alternative]

    package init(id: TokenID, logprob: Float?, top: [TokenLogprob.Alternative]) {
        self.id = id
        self.logprob = logprob
        self.top = top
    }

    package init(_ logprob: TokenLogprob) {
        self.init(id: logprob.id, logprob: logprob.logprob, top: logprob.top)
    }

    /// A prompt's tokens with what the engine says of them; none where it was not asked.
    package static func entries(of prompt: [TokenID], _ logprobs: [TokenLogprob?]?) -> [LogprobEntry] {
        zip(prompt, logprobs ?? []).map { id, logprob in
            LogprobEntry(id: id, logprob: logprob?.logprob, top: logprob?.top ?? [])
        }
    }
}

extension Tokenizer? {
    /// What log-probabilities call a token: its text, special or not.
    func name(_ id: TokenID) -> String { self?.decode([id], skipSpecialTokens: false) ?? "token_id:\(id)" }
}
