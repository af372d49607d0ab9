package import Forms
package import Parterre

/// Output lines in OpenAI's batch form, for input lines in that form.
package struct OpenAIBatchLine {
    package var customID: LineID?
    package var completion: CompletionAnswer

    package init(customID: LineID?, completion: CompletionAnswer) {
        self.customID = customID
        self.completion = completion
    }

    package init(customID: LineID?, model: String) {
        self.init(customID: customID, completion: CompletionAnswer(model: model))
    }

    /// The answer to a whole line: all samples of all its prompts, in order.
    package func answer(_ completions: [[Completion]], tokenizer: Tokenizer?) -> JSON {
        envelope(status: 200, body: completion.whole(completions, tokenizer: tokenizer))
    }

    package func failure(_ error: FieldError, line: Int) -> JSON {
        envelope(status: 400, body: ErrorAnswer(error).json(line: line))
    }

    private func envelope(status: Int, body: JSON) -> JSON {
        .object([
            "id": .string("batch_req_" + UniqueName.make()),
            "custom_id": customID?.json ?? .null,
            "response": .object([
                "status_code": .integer(status),
                "request_id": .string("req_" + UniqueName.make()),
                "body": body,
            ]),
            "error": nil,
        ])
    }
}
