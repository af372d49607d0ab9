import Foundation
import Parterre

/// Output lines in OpenAI's batch form, for input lines in that form.
struct OpenAIBatchLine {
    var customID: LineID?
    var model: String
    /// Seconds since 1970.
    var created = Int(Date().timeIntervalSince1970)

    /// The answer to a whole line: all samples of all its prompts, in order.
    func answer(_ completions: [[Completion]], tokenizer: Tokenizer?) -> JSON {
        let choices = completions.joined().enumerated().map { index, completion in
            JSON.object([
                "index": .integer(index),
                "text": .string(completion.text),
                "logprobs": completion.logprobs.map { Self.logprobs($0, tokenizer) } ?? .null,
                "finish_reason": .string(completion.finishReason.rawValue),
            ])
        }
        let prompt = completions.reduce(0) { $0 + ($1.first?.promptTokens ?? 0) }
        let generated = completions.joined().reduce(0) { $0 + $1.completionTokens }
        return envelope(
            status: 200,
            body: .object([
                "id": .string("cmpl-" + Self.unique()),
                "object": "text_completion",
                "created": .integer(created),
                "model": .string(model),
                "choices": .array(choices),
                "usage": .object([
                    "prompt_tokens": .integer(prompt),
                    "completion_tokens": .integer(generated),
                    "total_tokens": .integer(prompt + generated),
                ]),
            ]))
    }

    func failure(_ error: LineError, line: Int) -> JSON {
        envelope(
            status: 400,
            body: .object([
                "error": .object([
                    "message": .string(error.message),
                    "type": "invalid_request_error",
                    "param": error.field.map(JSON.string) ?? .null,
                    "code": nil,
                    "line": .integer(line),
                ])
            ]))
    }

    private func envelope(status: Int, body: JSON) -> JSON {
        .object([
            "id": .string("batch_req_" + Self.unique()),
            "custom_id": customID?.json ?? .null,
            "response": .object([
                "status_code": .integer(status),
                "request_id": .string("req_" + Self.unique()),
                "body": body,
            ]),
            "error": nil,
        ])
    }

    /// OpenAI's completions form: four lists of one entry per token.
    private static func logprobs(_ logprobs: [TokenLogprob], _ tokenizer: Tokenizer?) -> JSON {
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

    private static func unique() -> String { UUID().uuidString.replacing("-", with: "").lowercased() }
}
