package import Parterre

/// OpenAI's completions form of log-probabilities: four lists of one entry per token.
package enum CompletionLogprobs {
    package static func json(_ logprobs: [TokenLogprob], _ tokenizer: Tokenizer?) -> JSON {
        func name(_ id: TokenID) -> String {
            tokenizer?.decode([id], skipSpecialTokens: false) ?? "token_id:\(id)"
        }
        var detokenizer = tokenizer.map { StreamingDetokenizer($0) }
        var offset = 0
        var offsets: [JSON] = []
        var top: [JSON] = []
        for logprob in logprobs {
            offsets.append(.integer(offset))
            offset += detokenizer?.append(logprob.id).unicodeScalars.count ?? 0
            // Two tokens may have the same text (a lone byte is U+FFFD): the likelier one keeps the name.
            var members: [JSON.Member] = []
            for alternative in logprob.top where !members.contains(where: { $0.name == name(alternative.id) }) {
                members.append(.init(name: name(alternative.id), value: .float(alternative.logprob)))
            }
            top.append(.object(members))
        }
        return .object([
            "tokens": .array(logprobs.map { .string(name($0.id)) }),
            "token_logprobs": .array(logprobs.map { .float($0.logprob) }),
            "top_logprobs": .array(top),
            "text_offset": .array(offsets),
        ])
    }
}
