package import Parterre

/// OpenAI's completions form of log-probabilities: four lists of one entry per token.
package struct CompletionLogprobs: Sendable {
    private let tokenizer: Tokenizer?
    /// A prompt's text shows its special tokens, a continuation's does not.
    private var promptDetokenizer: StreamingDetokenizer?
    private var detokenizer: StreamingDetokenizer?
    /// Where the next token's text begins, in Unicode scalars from the text's beginning.
    private var offset = 0

    package init(_ tokenizer: Tokenizer?) {
        self.tokenizer = tokenizer
        promptDetokenizer = tokenizer.map { StreamingDetokenizer($0, skipSpecialTokens: false) }
        detokenizer = tokenizer.map { StreamingDetokenizer($0) }
    }

    /// The next tokens; offsets go on where the last ones ended.
    ///
    /// - Parameters:
    ///   - prompt: tokens of the prompt, in front of all of the text's.
    package mutating func json(prompt: [LogprobEntry] = [], text: [LogprobEntry]) -> JSON {
        var offsets: [JSON] = []
        for entry in prompt {
            offsets.append(.integer(offset))
            offset += promptDetokenizer?.append(entry.id).unicodeScalars.count ?? 0
        }
        if !text.isEmpty { offset += promptDetokenizer?.finish().unicodeScalars.count ?? 0 }
        for entry in text {
            offsets.append(.integer(offset))
            offset += detokenizer?.append(entry.id).unicodeScalars.count ?? 0
        }
        let entries = prompt + text
        let top = entries.map { $0.logprob == nil ? JSON.null : object(of: $0.top) }
        return .object([
            "tokens": .array(entries.map { .string(tokenizer.name($0.id)) }),
            "token_logprobs": .array(entries.map { $0.logprob.map(JSON.float) ?? .null }),
            "top_logprobs": .array(top),
            "text_offset": .array(offsets),
        ])
    }

    private func object(of alternatives: [TokenLogprob.Alternative]) -> JSON {
        // Two tokens may have the same text (a lone byte is U+FFFD): the likelier one keeps the name.
        var members: [JSON.Member] = []
        for alternative in alternatives {
            let name = tokenizer.name(alternative.id)
            if members.contains(where: { $0.name == name }) { continue }
            members.append(.init(name: name, value: .float(alternative.logprob)))
        }
        return .object(members)
    }
}
