package import Parterre

/// The body of a request to `/v1/chat/completions`, with OpenAI's fields and those that vLLM adds.
package struct ChatRequest: Equatable, Sendable {
    /// `nil`: whichever model is served.
    package var model: String?
    package var prompt: ChatPrompt
    /// Its `maxTokens` does not count: `maxTokens` here does.
    package var options: RequestOptions
    /// Whether the body says itself how long the text must be: a model's own floor gives way to the ceiling.
    package var hasMinTokens = false
    /// `nil`: as many as there is room for.
    package var maxTokens: Int?
    /// How the body calls that.
    package var maxTokensField = "max_tokens"
    package var stream = false
    package var includeUsage = false
}

extension ChatRequest {
    /// - Parameters:
    ///   - bytes: one JSON object.
    ///   - defaults: for what the body does not say.
    /// - Throws: `FieldError` that names the field at fault.
    package static func parse(_ bytes: [UInt8], defaults: RequestOptions) throws -> ChatRequest {
        try read(try JSONObject.fields(of: bytes, called: "body"), defaults: defaults)
    }

    /// Every field that a body may have.
    package static let names = SamplingFields.names.union(ChatPrompt.names).union(IndifferentFields.names)
        .union(StreamFields.names).union(UnservedChatFields.names)
        .union(["model", "max_completion_tokens", "top_logprobs", "user"])

    /// The fields of a body, also of a line in a batch file.
    package static func read(_ fields: FieldReader, defaults: RequestOptions) throws -> ChatRequest {
        try fields.refuseAllBut(names)
        try IndifferentFields.check(fields)
        try UnservedChatFields.check(fields)
        var options = defaults
        try SamplingFields.applyShared(fields, to: &options)
        options.parameters.logprobs = try logprobs(fields)
        var request = ChatRequest(
            model: try fields.string("model"), prompt: try ChatPrompt.read(fields), options: options)
        request.hasMinTokens = fields.has("min_tokens")
        (request.stream, request.includeUsage) = try StreamFields.read(fields)
        try request.readMaxTokens(fields)
        return request
    }

    /// Here it is a truth and a number: whether, and how many beside the one that was chosen.
    private static func logprobs(_ fields: FieldReader) throws -> Int? {
        let isWanted = try fields.bool("logprobs") ?? false
        guard let count = try fields.integer("top_logprobs") else { return isWanted ? 0 : nil }
        let most = SamplingParameters.mostAlternatives
        guard (0...most).contains(count) else {
            throw fields.error("top_logprobs", "must be between 0 and \(most), but is \(count)")
        }
        guard isWanted || count == 0 else {
            throw fields.error("top_logprobs", "is for log-probabilities: set logprobs")
        }
        return isWanted ? count : nil
    }

    private mutating func readMaxTokens(_ fields: FieldReader) throws {
        let newer = try fields.integer("max_completion_tokens")
        maxTokensField = newer == nil ? "max_tokens" : "max_completion_tokens"
        maxTokens = try fields.integer("max_tokens") ?? newer
        guard let maxTokens else { return }
        if let newer, newer != maxTokens {
            throw fields.error(
                "max_completion_tokens", "and max_tokens say the same, but are \(newer) and \(maxTokens)")
        }
        guard (1...SamplingParameters.mostTokens).contains(maxTokens) else {
            throw fields.error(
                maxTokensField, "must be between 1 and \(SamplingParameters.mostTokens), but is \(maxTokens)")
        }
    }

    /// The request of the rendered messages.
    ///
    /// - Parameter most: `max_tokens` where the body says nothing.
    package func completion(of tokens: [TokenID], most: Int) -> CompletionRequest {
        let most = maxTokens ?? most
        var options = options
        options.parameters.maxTokens = most
        if !hasMinTokens { options.parameters.minTokens = min(options.parameters.minTokens, most) }
        var request = CompletionRequest(
            model: model, prompts: [.tokens(tokens)], options: options, bestOf: options.n)
        request.stream = stream
        request.includeUsage = includeUsage
        return request
    }
}
