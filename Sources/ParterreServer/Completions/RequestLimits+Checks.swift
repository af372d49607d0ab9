import Forms
import HTTPTypes
import Parterre

extension RequestLimits {
    /// What needs no tokens to be known.
    ///
    /// - Throws: `APIError` 400 that names the field.
    func check(_ wanted: CompletionRequest) throws(APIError) {
        let parameters = wanted.options.parameters
        try Self.check(wanted.options.n, atMost: samples, "n")
        try Self.check(wanted.bestOf, atMost: samples, "best_of")
        let (sequences, overflow) = wanted.prompts.count.multipliedReportingOverflow(by: max(1, wanted.bestOf))
        guard !overflow, sequences <= self.sequences else {
            throw APIError(
                .badRequest,
                "prompt: \(wanted.prompts.count) prompts with \(wanted.bestOf) samples each are more than the "
                    + "\(self.sequences) sequences of one request: split it into several",
                param: "prompt")
        }
        try Self.check(parameters.stop.count, atMost: stopStrings, "stop", what: "the number of strings")
        for stop in parameters.stop {
            try Self.check(stop.utf8.count, atMost: stopBytes, "stop", what: "the length of a string in bytes")
        }
        if let newTokens { try Self.check(parameters.maxTokens, atMost: newTokens, "max_tokens") }
    }

    /// - Throws: `APIError` 400.
    func check(_ prompts: [[TokenID]], of wanted: CompletionRequest, contextLength: Int) throws(APIError) {
        for prompt in prompts {
            if let promptTokens {
                try Self.check(prompt.count, atMost: promptTokens, "prompt", what: "its length in tokens")
            }
            let new = wanted.options.parameters.maxTokens
            // The last token is never fed back, so it takes no room.
            let (total, overflow) = (max(1, prompt.count) - 1).addingReportingOverflow(max(1, new))
            guard !overflow, total <= contextLength else {
                throw APIError(
                    .badRequest,
                    "the prompt has \(prompt.count) tokens and max_tokens is \(new), but the server has room for "
                        + "\(contextLength) tokens: shorten the prompt or lower max_tokens",
                    param: "prompt", code: "context_length_exceeded")
            }
        }
    }

    /// How long the answer may become: a whole one is held in memory, an echo also of a stream.
    ///
    /// - Throws: `APIError` 400.
    func checkAnswer(to prompts: [[TokenID]], of wanted: CompletionRequest) throws(APIError) {
        let parameters = wanted.options.parameters
        // A token's text, and its log-probability with those of others, as JSON.
        let perToken = 8 + (parameters.logprobs.map { 64 + 32 * $0 } ?? 0)
        let new = wanted.stream ? 0 : Double(wanted.bestOf) * Double(parameters.maxTokens)
        let echoed = wanted.echo ? prompts.reduce(0) { $0 + $1.count } * wanted.options.n : 0
        let bytes = (new * Double(prompts.count) + Double(echoed)) * Double(perToken)
        guard bytes > Double(answerBytes) else { return }
        throw APIError(
            .badRequest,
            "the answer may take about \(Int(bytes) >> 20) MiB, more than the \(answerBytes >> 20) MiB of one request: "
                + "ask for fewer samples, tokens or log-probabilities, or stream it",
            param: "max_tokens", code: "answer_too_large")
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
