package import Forms
package import Parterre

/// Output lines in Parterre's own form.
package enum NativeLine {
    /// One finished sample.
    package static func completion(_ completion: Completion, id: LineID, tokenizer: Tokenizer?) -> JSON {
        var members: [JSON.Member] = [
            .init(name: "id", value: id.json),
            .init(name: "index", value: .integer(completion.sample)),
            .init(name: "text", value: .string(completion.text)),
            .init(name: "token_ids", value: .array(completion.tokenIDs.map { .integer($0.index) })),
            .init(name: "finish_reason", value: .string(completion.finishReason.rawValue)),
            .init(name: "prompt_tokens", value: .integer(completion.promptTokens)),
            .init(name: "completion_tokens", value: .integer(completion.completionTokens)),
        ]
        if let beam = completion.beam {
            members.append(.init(name: "cumulative_logprob", value: .float(beam.cumulativeLogprob)))
            members.append(.init(name: "score", value: .float(beam.score)))
        }
        if let logprobs = completion.logprobs {
            let values = logprobs.map { logprob in
                JSON.object(
                    token(logprob.id, logprob.logprob, tokenizer) + [
                        .init(
                            name: "top",
                            value: .array(logprob.top.map { .object(token($0.id, $0.logprob, tokenizer)) }))
                    ])
            }
            members.append(.init(name: "logprobs", value: .array(values)))
        }
        return .object(members)
    }

    /// What became of a line that could not be answered.
    package static func failure(id: LineID, line: Int, error: FieldError) -> JSON {
        var members: [JSON.Member] = [.init(name: "message", value: .string(error.message))]
        if let field = error.field { members.append(.init(name: "field", value: .string(field))) }
        return .object(["id": id.json, "line": .integer(line), "error": .object(members)])
    }

    private static func token(_ id: TokenID, _ logprob: Float, _ tokenizer: Tokenizer?) -> [JSON.Member] {
        var members: [JSON.Member] = [.init(name: "token_id", value: .integer(id.index))]
        if let tokenizer {
            members.append(
                .init(name: "token", value: .string(tokenizer.decode([id], skipSpecialTokens: false))))
        }
        members.append(.init(name: "logprob", value: .float(logprob)))
        return members
    }
}
