package import Parterre

/// OpenAI's chat form of log-probabilities: an object for each token, with its bytes, since a token may be a part of a character.
package enum ChatLogprobs {
    package static func json(_ entries: [LogprobEntry], _ tokenizer: Tokenizer?) -> JSON {
        let content = entries.map { entry in
            JSON.object(
                members(entry.id, entry.logprob, tokenizer) + [
                    .init(
                        name: "top_logprobs",
                        value: .array(entry.top.map { .object(members($0.id, $0.logprob, tokenizer)) }))
                ])
        }
        return .object(["content": .array(content), "refusal": nil])
    }

    private static func members(_ id: TokenID, _ logprob: Float?, _ tokenizer: Tokenizer?) -> [JSON.Member] {
        [
            .init(name: "token", value: .string(tokenizer.name(id))),
            .init(name: "logprob", value: logprob.map(JSON.float) ?? .null),
            .init(
                name: "bytes",
                value: tokenizer.map { .array($0.bytes(of: id).map { .integer(Int($0)) }) } ?? .null),
        ]
    }
}
