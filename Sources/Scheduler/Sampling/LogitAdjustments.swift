import Basics

/// What changes logits before a token is chosen: penalties of tokens seen, the request's biases, barred end tokens.
/// It touches the logits of those tokens only, never the whole row.
///
/// Definitions: repetition penalty as `transformers`' `RepetitionPenaltyLogitsProcessor` (each distinct token of prompt
/// and text once), presence and frequency penalty as OpenAI documents them (tokens of the text only).
struct LogitAdjustments: Sendable {
    private let repetition: Float
    private let presence: Float
    private let frequency: Float
    private let biases: [(token: Int, bias: Float)]
    private let ends: [Int]
    private let minTokens: Int

    // Tokens seen so far, each once, with the times it was generated (0: in the prompt only).
    private var seen: [Int32] = []
    private var counts: [Int32] = []
    private var places: [Int32: Int] = [:]

    init(
        _ parameters: SamplingParameters, prompt: [TokenID], endTokens: [TokenID], vocabularySize: Int
    ) {
        repetition = parameters.repetitionPenalty
        presence = parameters.presencePenalty
        frequency = parameters.frequencyPenalty
        biases = parameters.logitBias.map { ($0.key.index, $0.value) }
        ends = endTokens.map(\.index)
        minTokens = parameters.minTokens
        precondition(
            biases.allSatisfy { 0..<vocabularySize ~= $0.token } && ends.allSatisfy { 0..<vocabularySize ~= $0 },
            "parameters were not validated")

        guard hasPenalties else { return }
        // Room for the whole text, so that accepting a token seldom allocates; more than this grows by doubling.
        let room = min((repetition != 1 ? prompt.count : 0) + min(parameters.maxTokens, 4096), vocabularySize)
        seen.reserveCapacity(room)
        counts.reserveCapacity(room)
        places.reserveCapacity(room)
        guard repetition != 1 else { return }
        for id in prompt { _ = place(of: id) }
    }

    /// Whether logits stay as they are for the token after `generated` ones, the last `ahead` of which are not accepted yet.
    func areIdle(generated: Int, ahead: Int = 0) -> Bool {
        seen.isEmpty && (ahead == 0 || !hasPenalties) && biases.isEmpty && (generated >= minTokens || ends.isEmpty)
    }

    /// Adjusts one row of logits, `[vocabulary]`, for the token after `generated` ones.
    func apply(to logits: UnsafeMutableBufferPointer<Float>, generated: Int) {
        for (token, count) in zip(seen, counts) {
            var logit = logits[Int(token)]
            if repetition != 1 { logit = logit < 0 ? logit * repetition : logit / repetition }
            if count > 0 {
                logit -= frequency * Float(count)
                logit -= presence
            }
            logits[Int(token)] = logit
        }
        for (token, bias) in biases { logits[token] += bias }
        if generated < minTokens {
            for token in ends { logits[token] = -.infinity }
        }
    }

    /// Counts one more generated token.
    mutating func accept(_ id: TokenID) {
        guard hasPenalties else { return }
        counts[place(of: id)] += 1
    }

    private var hasPenalties: Bool { repetition != 1 || presence != 0 || frequency != 0 }

    private mutating func place(of id: TokenID) -> Int {
        if let place = places[id.rawValue] { return place }
        let place = seen.count
        places[id.rawValue] = place
        seen.append(id.rawValue)
        counts.append(0)
        return place
    }
}
