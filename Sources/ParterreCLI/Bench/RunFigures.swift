import Parterre

/// What one timed run of a workload came to.
struct RunFigures: Sendable, Equatable {
    /// Tokens that count, and the seconds they took.
    var tokens: Int
    var seconds: Double
    /// From handing in a request to its first token, one for each request.
    var firstToken: [Double] = []
    /// Between two tokens of a request.
    var gaps: [Double] = []
    /// Work done in these seconds by the model's own arithmetic, see `ModelCost`.
    var work = Work()
    /// What the machine allowed just before or just after, whichever was more; `nil`: what it allowed at best.
    var limits: MachineLimits?

    var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
}

/// When a request was handed in and when its tokens came, in seconds of one clock.
struct Timeline: Sendable, Equatable {
    var begin: Double
    var tokens: [Double] = []

    var firstToken: Double? { tokens.first.map { $0 - begin } }

    /// Between tokens, from token number `from` up to `to`.
    func gaps(from: Int = 0, to: Int? = nil) -> [Double] {
        let part = tokens[from...(to ?? tokens.count - 1)]
        return zip(part.dropFirst(), part).map { $0 - $1 }
    }
}

extension DecodeSession {
    /// A stretch in which all rows decoded.
    struct Window: Sendable, Equatable {
        var begin: Double
        var end: Double
        /// Tokens in the cache of a row in the middle of it, on average.
        var context: Double
        var gaps: [Double]

        var seconds: Double { end - begin }
    }

    /// Cut the session into its windows. The first begins where the last row has its first token; a step gives every row
    /// one token, so each window is `steps` steps of all rows.
    func windows(_ timelines: [Timeline]) -> [Window] {
        let start = timelines.map { $0.tokens[0] }.max() ?? 0
        let offsets = timelines.map { line in line.tokens.firstIndex { $0 >= start } ?? 0 }
        return (0..<windows).compactMap { index in
            let (from, to) = (index * steps, (index + 1) * steps)
            // Rows whose lead was longer than planned have run out of tokens.
            guard zip(timelines, offsets).allSatisfy({ $0.tokens.count > $1 + to }) else { return nil }
            let rows = zip(timelines, offsets).map { ($0, $1) }
            let begin = rows.map { $0.tokens[$1 + from] }.max() ?? 0
            let end = rows.map { $0.tokens[$1 + to] }.max() ?? 0
            let context = rows.reduce(0.0) { $0 + Double(prompt + $1.1 + from) + Double(steps) / 2 }
            return Window(
                begin: begin, end: end, context: context / Double(max(1, rows.count)),
                gaps: rows.flatMap { $0.gaps(from: $1 + from, to: $1 + to) })
        }
    }
}
