import Forms
import HTTPTypes
import Parterre

extension RequestLimits {
    /// What needs no tokens to be known.
    ///
    /// - Throws: `APIError` 400 that names the field.
    func check(_ wanted: CompletionRequest, _ fields: LimitedFields) throws(APIError) {
        let parameters = wanted.options.parameters
        try Self.check(wanted.options.n, atMost: samples, "n")
        try Self.check(wanted.bestOf, atMost: samples, "best_of")
        let (sequences, overflow) = wanted.prompts.count.multipliedReportingOverflow(by: max(1, wanted.bestOf))
        guard !overflow, sequences <= self.sequences else {
            throw APIError(
                .badRequest,
                "\(fields.prompt): \(wanted.prompts.count) prompts with \(wanted.bestOf) samples each are more than the "
                    + "\(self.sequences) sequences of one request: split it into several",
                param: fields.prompt)
        }
        try Self.check(parameters.stop.count, atMost: stopStrings, "stop", what: "the number of strings")
        for stop in parameters.stop {
            try Self.check(stop.utf8.count, atMost: stopBytes, "stop", what: "the length of a string in bytes")
        }
        if let newTokens { try Self.check(parameters.maxTokens, atMost: newTokens, fields.maxTokens) }
    }

    /// - Throws: `APIError` 400.
    func check(
        _ prompts: [[TokenID]], of wanted: CompletionRequest, _ fields: LimitedFields, contextLength: Int
    ) throws(APIError) {
        for prompt in prompts {
            if let promptTokens {
                try Self.check(prompt.count, atMost: promptTokens, fields.prompt, what: "its length in tokens")
            }
            let new = wanted.options.parameters.maxTokens
            // The last token is never fed back, so it takes no room.
            let (total, overflow) = (max(1, prompt.count) - 1).addingReportingOverflow(max(1, new))
            guard !overflow, total <= contextLength else {
                throw APIError(
                    .badRequest,
                    "the prompt has \(prompt.count) tokens and \(fields.maxTokens) is \(new), but the server has room "
                        + "for \(contextLength) tokens: shorten the prompt or lower \(fields.maxTokens)",
                    param: fields.prompt, code: "context_length_exceeded")
            }
        }
    }

    /// How long the answer may become: a whole one is held in memory, an echo also of a stream.
    ///
    /// - Throws: `APIError` 400.
    func checkAnswer<Form: AnswerForm>(
        to prompts: [[TokenID]], of wanted: CompletionRequest, _ form: Form
    ) throws(APIError) {
        let parameters = wanted.options.parameters
        let perToken = Form.bytesPerToken(logprobs: parameters.logprobs)
        let new = wanted.stream ? 0 : Double(wanted.bestOf) * Double(parameters.maxTokens)
        let echoed = wanted.echo ? prompts.reduce(0) { $0 + $1.count } * wanted.options.n : 0
        let bytes = (new * Double(prompts.count) + Double(echoed)) * Double(perToken)
        guard bytes > Double(answerBytes) else { return }
        throw APIError(
            .badRequest,
            "the answer may take about \(Int(bytes) >> 20) MiB, more than the \(answerBytes >> 20) MiB of one request: "
                + "ask for fewer samples, tokens or log-probabilities, or stream it",
            param: form.fields.maxTokens, code: "answer_too_large")
    }

    private static func check(
        _ value: Int, atMost limit: Int, _ field: String, what: String? = nil
    ) throws(APIError) {
        guard value > limit else { return }
        throw APIError(
            .badRequest, "\(field): \(what.map { $0 + " " } ?? "")must be at most \(limit) here, but is \(value)",
            param: field)
    }
}
