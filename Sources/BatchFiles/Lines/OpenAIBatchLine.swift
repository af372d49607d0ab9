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
        OutputEnvelope(customID: customID).response(
            status: 200, body: completion.whole(completions, tokenizer: tokenizer))
    }

    package func failure(_ error: FieldError, line: Int) -> JSON {
        OutputEnvelope(customID: customID).response(status: 400, body: ErrorAnswer(error).json(line: line))
    }
}
