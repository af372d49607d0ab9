/// What became of the requests, and how long it took: counted since the engine was made.
///
/// Everything means what vLLM's metric of that name means. Its buckets are here too, and some finer ones below them, so its
/// dashboards work as they are.
public struct RequestMetrics: Sendable, Equatable {
    /// Samples that ended, by how; whole requests that broke off count once.
    public internal(set) var finished = FinishCounts()
    /// Tokens of the prompts whose first token was generated, or that were computed to their end, whether computed or found in
    /// the cache.
    public internal(set) var promptTokens = 0

    /// From a request's arrival until its first token is there for the reader.
    public internal(set) var timeToFirstToken = DurationHistogram(milliseconds: firstToken)
    /// Between two steps that gave a sample tokens. A step that verifies guesses may give it several.
    public internal(set) var interTokenLatency = DurationHistogram(milliseconds: interToken)
    /// From a request's arrival until its last sample's end.
    public internal(set) var endToEndLatency = DurationHistogram(milliseconds: request)
    /// From a request's arrival until the first step that computed some of it.
    public internal(set) var queueTime = DurationHistogram(milliseconds: request)
    /// From there until its first token was chosen.
    public internal(set) var prefillTime = DurationHistogram(milliseconds: request)
    /// From there until its last sample's end.
    public internal(set) var decodeTime = DurationHistogram(milliseconds: request)

    public init() {}

    mutating func record(_ timing: RequestTiming, _ nanoseconds: Int64) {
        switch timing {
        case .timeToFirstToken: timeToFirstToken.record(nanoseconds: nanoseconds)
        case .interTokenLatency: interTokenLatency.record(nanoseconds: nanoseconds)
        case .endToEndLatency: endToEndLatency.record(nanoseconds: nanoseconds)
        case .queueTime: queueTime.record(nanoseconds: nanoseconds)
        case .prefillTime: prefillTime.record(nanoseconds: nanoseconds)
        case .decodeTime: decodeTime.record(nanoseconds: nanoseconds)
        }
    }

    private static let firstToken: [Double] = [
        1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000, 20_000, 40_000, 80_000,
        160_000,
        640_000, 2_560_000,
    ]
    private static let interToken: [Double] = [
        1, 2.5, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000, 20_000,
        40_000,
        80_000,
    ]
    private static let request: [Double] = [
        1, 5, 10, 50, 100, 300, 500, 800, 1_000, 1_500, 2_000, 2_500, 5_000, 10_000, 15_000, 20_000, 30_000, 40_000,
        50_000, 60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 7_680_000,
    ]
}

/// How samples ended.
public struct FinishCounts: Sendable, Equatable {
    /// With an end token or a stop string.
    public internal(set) var stop = 0
    /// With `maxTokens` tokens.
    public internal(set) var length = 0
    /// At the request's deadline.
    public internal(set) var deadline = 0
    /// Requests whose reader left, vLLM's `abort`.
    public internal(set) var abort = 0
    /// Requests that the engine ended with an error after it had taken them on: it was shut down, or the reader was too slow.
    public internal(set) var error = 0

    public init() {}

    /// Every count beside its name, always in this order: the values of vLLM's label `finished_reason`.
    public var byReason: [(reason: String, count: Int)] {
        [("stop", stop), ("length", length), ("deadline", deadline), ("abort", abort), ("error", error)]
    }

    mutating func count(_ reason: FinishReason) {
        switch reason {
        case .stop: stop += 1
        case .length: length += 1
        case .deadline: deadline += 1
        }
    }
}
