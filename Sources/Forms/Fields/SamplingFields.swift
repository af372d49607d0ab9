import Parterre

/// The fields of a request that say how to sample, under OpenAI's (and vLLM's) names.
package enum SamplingFields {
    package static let names = Set([
        "max_tokens", "min_tokens", "temperature", "top_k", "top_p", "min_p", "repetition_penalty",
        "presence_penalty", "frequency_penalty", "logit_bias", "seed", "n", "stop", "stop_token_ids", "ignore_eos",
        "logprobs", "priority", "deadline",
    ])
    .union(BeamFields.names)

    /// Fields of OpenAI's API that are known but not served: each is fine with the value that changes nothing.
    package static let unserved: Set<String> = ["echo", "stream", "stream_options", "best_of", "suffix"]

    package static func apply(_ fields: FieldReader, to request: inout RequestOptions) throws {
        try applyShared(fields, to: &request)
        if let value = try fields.integer("logprobs") { request.parameters.logprobs = value }
    }

    /// All that chats have too: their `logprobs` is of another form.
    static func applyShared(_ fields: FieldReader, to request: inout RequestOptions) throws {
        var p = request.parameters
        if let value = try fields.integer("max_tokens") { p.maxTokens = value }
        if let value = try fields.integer("min_tokens") { p.minTokens = value }
        if let value = try fields.float("temperature") { p.temperature = value }
        if let value = try fields.integer("top_k") { p.topK = value }
        if let value = try fields.float("top_p") { p.topP = value }
        if let value = try fields.float("min_p") { p.minP = value }
        if let value = try fields.float("repetition_penalty") { p.repetitionPenalty = value }
        if let value = try fields.float("presence_penalty") { p.presencePenalty = value }
        if let value = try fields.float("frequency_penalty") { p.frequencyPenalty = value }
        if let value = try fields.biases("logit_bias") { p.logitBias = value }
        if let value = try fields.seed("seed") { p.seed = value }
        if let value = try fields.strings("stop") { p.stop = value }
        if let value = try fields.tokenIDs("stop_token_ids") { p.stopTokenIDs = value }
        if let value = try fields.bool("ignore_eos") { p.ignoreEOS = value }
        request.parameters = p
        if let value = try fields.integer("n") { request.n = value }
        if let value = try fields.integer("priority") { request.priority = value }
        if let value = try fields.duration("deadline") { request.deadline = value }
        try BeamFields.apply(fields, to: &request)
    }

    package static func refuseUnserved(_ fields: FieldReader, n: Int) throws {
        if try fields.bool("echo") == true {
            throw fields.error("echo", "is not served: the answer holds the continuation alone")
        }
        if try fields.bool("stream") == true {
            throw fields.error("stream", "is not served: a batch line is answered whole")
        }
        if let best = try fields.integer("best_of"), best != n, try fields.bool("use_beam_search") != true {
            throw fields.error("best_of", "is not served unless it equals n")
        }
        if let suffix = try fields.string("suffix"), !suffix.isEmpty {
            throw fields.error("suffix", "is not served: the model only continues a text")
        }
    }
}
