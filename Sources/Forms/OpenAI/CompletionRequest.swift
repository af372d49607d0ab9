package import Parterre

/// The body of a request to `/v1/completions`, with OpenAI's fields and those that vLLM adds.
package struct CompletionRequest: Equatable, Sendable {
    /// OpenAI's default; also where a model's `generation_config.json` says another number.
    package static let defaultMaxTokens = 16

    /// `nil`: whichever model is served.
    package var model: String?
    package var prompts: [Prompt]
    /// Its `n` is how many choices are answered for each prompt. `parameters.maxTokens` is 0 where only an echo is wanted.
    package var options: RequestOptions
    /// Samples generated for each prompt, of which the `n` best are answered; at least `n`.
    package var bestOf: Int
    package var echo = false
    package var stream = false
    package var includeUsage = false

    package init(model: String? = nil, prompts: [Prompt], options: RequestOptions, bestOf: Int) {
        self.model = model
        self.prompts = prompts
        self.options = options
        self.bestOf = bestOf
    }
}

extension CompletionRequest {
    /// - Parameters:
    ///   - bytes: one JSON object.
    ///   - defaults: for what the body does not say; `max_tokens` is OpenAI's 16 then, whatever stands here.
    /// - Throws: `FieldError` that names the field at fault.
    package static func parse(_ bytes: [UInt8], defaults: RequestOptions) throws -> CompletionRequest {
        try read(try JSONObject.fields(of: bytes, called: "body"), defaults: defaults)
    }

    /// Every field that a body may have.
    package static let names = SamplingFields.names.union(PromptFields.names).union(IndifferentFields.names)
        .union(StreamFields.names).union(["model", "best_of", "echo", "suffix", "user"])

    /// The fields of a body, also of a line in a batch file.
    ///
    /// - Parameter maxTokens: where the body does not say it.
    package static func read(
        _ fields: FieldReader, defaults: RequestOptions, maxTokens: Int = defaultMaxTokens
    ) throws -> CompletionRequest {
        try fields.refuseAllBut(names)
        try IndifferentFields.check(fields)
        if let suffix = try fields.string("suffix"), !suffix.isEmpty {
            throw fields.error("suffix", "is not served: the model only continues a text")
        }
        var options = defaults
        options.parameters.maxTokens = maxTokens
        try SamplingFields.apply(fields, to: &options)
        if !fields.has("min_tokens") {
            options.parameters.minTokens = min(options.parameters.minTokens, options.parameters.maxTokens)
        }
        var request = CompletionRequest(
            model: try fields.string("model"), prompts: try PromptFields.read(fields), options: options,
            bestOf: options.n)
        request.echo = try fields.bool("echo") ?? false
        (request.stream, request.includeUsage) = try StreamFields.read(fields)
        try request.readBestOf(fields)
        try request.checkEcho(fields)
        return request
    }

    private mutating func readBestOf(_ fields: FieldReader) throws {
        // Beam search reads it as the number of beams.
        guard !options.parameters.beams.isSearch, let count = try fields.integer("best_of") else { return }
        let most = SamplingParameters.mostSamples
        guard (max(1, options.n)...max(most, options.n)).contains(count) else {
            throw fields.error("best_of", "must be between n (\(options.n)) and \(most), but is \(count)")
        }
        guard count == options.n || !stream else {
            throw fields.error("best_of", "cannot be streamed: which samples are best is known at their end")
        }
        bestOf = count
    }

    private func checkEcho(_ fields: FieldReader) throws {
        if echo, options.parameters.beams.isSearch, options.parameters.logprobs != nil {
            throw fields.error(
                "echo", "with logprobs cannot be had together with beam search: leave echo, logprobs or beams out")
        }
        guard options.parameters.maxTokens == 0 else { return }
        guard echo else { throw fields.error("max_tokens", "must be at least 1, or 0 with echo") }
        guard bestOf == 1, !options.parameters.beams.isSearch else {
            throw fields.error("max_tokens", "is 0, so there is one answer only: leave n, best_of and beams out")
        }
    }
}

/// Fields of OpenAI's and vLLM's completions that are fine with the value that changes nothing here.
package enum IndifferentFields {
    /// What each must be, where it is given.
    private static let wanted: [String: Bool] = [
        "skip_special_tokens": true, "include_stop_str_in_output": false, "detokenize": true,
        "return_tokens_as_token_ids": false, "return_token_ids": false,
    ]
    /// BLOOM's tokenizer puts no token in front and no space between tokens, so these may be what they like.
    private static let ignored: Set<String> = ["add_special_tokens", "spaces_between_special_tokens"]

    package static let names = Set(wanted.keys).union(ignored)

    package static func check(_ fields: FieldReader) throws {
        for name in ignored.sorted() { _ = try fields.bool(name) }
        for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
            if let given = try fields.bool(name), given != value {
                throw fields.error(name, "is not served unless it is \(value)")
            }
        }
    }
}
