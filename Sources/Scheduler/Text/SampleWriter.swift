import Basics

/// Writes one sample down, token by token, until it ends: the stream's tokens and at last the completion.
struct SampleWriter<Detokenizer: IncrementalDetokenizer>: Sendable {
    let sample: Int
    private(set) var tokenIDs: [TokenID] = []
    /// Set with the last token; no more may follow.
    private(set) var finishReason: FinishReason?
    private(set) var logprobs: [TokenLogprob]?
    private var text: TextAssembler<Detokenizer>
    private let end: EndCondition

    /// - Parameters:
    ///   - detokenizer: of this sample alone; `nil` if the model has no tokenizer.
    ///   - stops: prepared once per request.
    init(
        sample: Int, parameters: SamplingParameters, end: EndCondition, stops: StopStrings, detokenizer: Detokenizer?
    ) {
        self.sample = sample
        self.end = end
        logprobs = parameters.logprobs == nil ? nil : []
        text = TextAssembler(detokenizer, stops: stops)
    }

    /// Tokens so far: `SequenceSampler.next`'s `generated`.
    var generated: Int { tokenIDs.count }

    /// Tokens that it may still have.
    var tokensLeft: Int { end.maxTokens - generated }

    /// Takes the next token of the sample. `finishReason` then says whether it was the last.
    mutating func append(_ token: SampledToken) -> GeneratedToken {
        precondition(finishReason == nil, "a token after the end of a sample")
        tokenIDs.append(token.id)
        if let logprob = token.logprob { logprobs?.append(logprob) }

        let isEnd = end.isEnd(token.id, generated: generated)
        let stopsCount = end.stopStringsCount(generated: generated)
        var piece = isEnd ? "" : text.append(token.id, stopsCount: stopsCount)
        finishReason = end.reason(endToken: isEnd, stopString: text.hasEnded, generated: generated)
        if finishReason != nil {
            piece += text.finish(stopsCount: stopsCount)
            // The rest may hold a stop string, which goes before `length`.
            finishReason = end.reason(endToken: isEnd, stopString: text.hasEnded, generated: generated)
        }
        return GeneratedToken(sample: sample, id: token.id, text: piece, logprob: token.logprob)
    }

    /// The finished sample; `nil` until it has ended.
    func completion(promptTokens: Int) -> Completion? {
        finishReason.map { completion($0, promptTokens: promptTokens) }
    }

    /// The sample as it is, broken off between two tokens. What was held back stays out of its text: it may be part of a
    /// character or of a stop string.
    mutating func end(_ reason: FinishReason, promptTokens: Int) -> Completion {
        finishReason = reason
        return completion(reason, promptTokens: promptTokens)
    }

    private func completion(_ reason: FinishReason, promptTokens: Int) -> Completion {
        Completion(
            sample: sample, text: text.text, tokenIDs: tokenIDs, finishReason: reason, promptTokens: promptTokens,
            logprobs: logprobs)
    }
}
