/// What a request's reader has not taken yet. A reader that keeps up gets each event as it happens. One that does not finds
/// its tokens later, one by one as always, but they wait packed (`TokenBacklog`), `capacity` of them at most.
struct EventBuffer {
    private var started: Int?
    private var promptLogprobs: [TokenLogprob?]?
    private var samples: [TokenBacklog]
    private var completions: [Completion?]
    /// The sample that is looked at first: they take turns.
    private var turn = 0
    /// Tokens that wait, of all samples.
    private(set) var tokens = 0

    init(samples count: Int) {
        samples = Array(repeating: TokenBacklog(), count: count)
        completions = Array(repeating: nil, count: count)
    }

    mutating func append(_ event: GenerationEvent) {
        switch event {
        case .started(let promptTokens): started = promptTokens
        case .promptLogprobs(let logprobs): promptLogprobs = logprobs
        case .token(let token):
            samples[token.sample].append(token)
            tokens += 1
        case .finished(let completion): completions[completion.sample] = completion
        }
    }

    /// The next event: a sample's tokens in their order, before its completion; samples take turns.
    mutating func takeFirst() -> GenerationEvent? {
        if let promptTokens = started.take() { return .started(promptTokens: promptTokens) }
        if let logprobs = promptLogprobs.take() { return .promptLogprobs(logprobs) }
        for _ in samples.indices {
            let sample = turn
            turn = turn + 1 == samples.count ? 0 : turn + 1
            if let token = samples[sample].takeFirst(ofSample: sample) {
                tokens -= 1
                return .token(token)
            }
            if let completion = completions[sample].take() { return .finished(completion) }
        }
        return nil
    }
}
