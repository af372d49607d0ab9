import Basics

extension SamplingParameters {
    /// Most samples of one prompt (`n`): each holds its own blocks and a place in the batch, so a huge `n` in one
    /// request would shut out all others.
    public static let mostSamples = 128
    /// Most stop strings of one request.
    public static let mostStopStrings = 16
    /// Greatest `maxTokens`; positions are 32-bit numbers. What fits into the cache is usually far less.
    public static let mostTokens = Int(Int32.max)

    /// Checks every field against its range.
    ///
    /// - Parameters:
    ///   - n: samples wanted of the prompt.
    ///   - vocabularySize: rows of the model's head; ids in `logitBias` and `stopTokenIDs` must lie below it.
    ///   - leastTokens: least `maxTokens`.
    /// - Throws: `RequestError.invalid`, with the field's name in OpenAI's spelling.
    public func validate(n: Int = 1, vocabularySize: Int, leastTokens: Int = 1) throws(RequestError) {
        try Self.check(n, in: 1...Self.mostSamples, "n")
        try Self.check(maxTokens, in: leastTokens...Self.mostTokens, "max_tokens")
        guard minTokens >= 0, minTokens <= maxTokens else {
            throw .invalid(
                field: "min_tokens", reason: "must be between 0 and max_tokens (\(maxTokens)), but is \(minTokens)")
        }
        try validateDistribution()
        try validatePenalties(vocabularySize: vocabularySize)
        try validateEnds(vocabularySize: vocabularySize)
        if let logprobs { try Self.check(logprobs, in: 0...Self.mostAlternatives, "logprobs") }
        try validateBeams(n: n)
    }

    private func validateBeams(n: Int) throws(RequestError) {
        try Self.check(beams.count, in: 1...Self.mostSamples, "beams")
        try Self.check(beams.lengthPenalty, in: -10...10, "length_penalty")
        guard beams.isSearch else { return }
        guard n <= beams.count else {
            throw .invalid(field: "n", reason: "\(beams.count) beams end in as many texts, but \(n) are asked for")
        }
        guard temperature == 0 else {
            throw .invalid(field: "temperature", reason: "must be 0 for beam search, which draws nothing")
        }
    }

    private func validateDistribution() throws(RequestError) {
        guard temperature.isFinite, temperature >= 0 else {
            throw .invalid(
                field: "temperature", reason: "must be 0 (greedy) or a positive finite number, but is \(temperature)")
        }
        guard topK >= -1 else {
            throw .invalid(field: "top_k", reason: "must be a positive number, or 0 or -1 for all, but is \(topK)")
        }
        guard topP > 0, topP <= 1 else {
            throw .invalid(field: "top_p", reason: "must be greater than 0 and at most 1, but is \(topP)")
        }
        try Self.check(minP, in: 0...1, "min_p")
    }

    private func validatePenalties(vocabularySize: Int) throws(RequestError) {
        guard repetitionPenalty.isFinite, repetitionPenalty > 0 else {
            throw .invalid(
                field: "repetition_penalty", reason: "must be a positive finite number, but is \(repetitionPenalty)")
        }
        try Self.check(presencePenalty, in: -2...2, "presence_penalty")
        try Self.check(frequencyPenalty, in: -2...2, "frequency_penalty")
        // By id, so that of several faults always the same one is named.
        for (id, bias) in logitBias.sorted(by: { $0.key < $1.key }) {
            try Self.check(id, vocabularySize: vocabularySize, "logit_bias")
            guard bias >= -100, bias <= 100 else {
                throw .invalid(
                    field: "logit_bias", reason: "the bias of token \(id) must be between -100 and 100, but is \(bias)")
            }
        }
    }

    private func validateEnds(vocabularySize: Int) throws(RequestError) {
        guard stop.count <= Self.mostStopStrings else {
            throw .invalid(
                field: "stop", reason: "may hold at most \(Self.mostStopStrings) strings, but holds \(stop.count)")
        }
        guard !stop.contains(where: \.isEmpty) else {
            throw .invalid(field: "stop", reason: "an empty string would end every text at once; leave it out")
        }
        for id in stopTokenIDs { try Self.check(id, vocabularySize: vocabularySize, "stop_token_ids") }
    }

    // `contains` is false for NaN, so NaN is refused as well.
    static func check<Value: Comparable>(
        _ value: Value, in range: ClosedRange<Value>, _ field: String
    ) throws(RequestError) {
        guard range.contains(value) else {
            throw .invalid(
                field: field, reason: "must be between \(range.lowerBound) and \(range.upperBound), but is \(value)")
        }
    }

    private static func check(_ id: TokenID, vocabularySize: Int, _ field: String) throws(RequestError) {
        guard id.rawValue >= 0, id.index < vocabularySize else {
            throw .invalid(
                field: field, reason: "token \(id) is not in the model's vocabulary of \(vocabularySize) tokens")
        }
    }
}

extension GenerationRequest {
    /// Checks everything but a prompt that is text; token ids must be some, all in the vocabulary.
    ///
    /// - Throws: `RequestError.invalid`.
    public func validate(vocabularySize: Int) throws(RequestError) {
        try validateFields(vocabularySize: vocabularySize)
        if case .tokens(let ids) = prompt { try Self.validate(prompt: ids, vocabularySize: vocabularySize) }
    }

    /// Everything but the prompt.
    func validateFields(vocabularySize: Int) throws(RequestError) {
        try parameters.validate(n: n, vocabularySize: vocabularySize, leastTokens: promptLogprobs == nil ? 1 : 0)
        try validatePromptLogprobs()
        try validateUrgency()
    }

    private func validatePromptLogprobs() throws(RequestError) {
        guard let promptLogprobs else { return }
        try SamplingParameters.check(promptLogprobs, in: 0...SamplingParameters.mostAlternatives, "prompt_logprobs")
        try SamplingParameters.check(promptLogprobsStart, in: 0...Int.max, "prompt_logprobs_start")
        guard !parameters.beams.isSearch else {
            throw .invalid(
                field: "prompt_logprobs", reason: "cannot be had together with beam search; ask for them alone")
        }
    }

    /// About 32 years: what is meant to be for ever has no deadline.
    public static let longestDeadline = Duration.seconds(1_000_000_000)

    /// The check of priority and deadline.
    public func validateUrgency() throws(RequestError) {
        guard Int32(exactly: priority) != nil else {
            throw .invalid(
                field: "priority", reason: "must be between \(Int32.min) and \(Int32.max), but is \(priority)")
        }
        if let deadline, deadline <= .zero || deadline > Self.longestDeadline {
            let most = Int(Self.longestDeadline / .seconds(1))
            throw .invalid(
                field: "deadline",
                reason: "must be more than 0 and at most \(most) seconds, but is \(deadline / .seconds(1))")
        }
    }

    /// The check of a prompt's token ids, also for those that a tokenizer made of a text (an empty text has none).
    static func validate(prompt ids: [TokenID], vocabularySize: Int) throws(RequestError) {
        guard !ids.isEmpty else {
            throw .invalid(field: "prompt", reason: "is empty; a text needs at least one token to go on from")
        }
        for (place, id) in ids.enumerated() where id.rawValue < 0 || id.index >= vocabularySize {
            throw .invalid(
                field: "prompt_token_ids",
                reason: "token \(id) at place \(place) is not in the model's vocabulary of \(vocabularySize) tokens")
        }
    }
}
