import Foundation
import Parterre

/// Timed work on an engine that has nothing else to do.
enum Workload {
    static func prompt(_ count: Int, seed: Int) -> [TokenID] {
        (0..<count).map { TokenID(10 + ($0 &* 7919 &+ seed &* 104_729) % 250_000) }
    }

    static func request(_ prompt: [TokenID], tokens: Int) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = tokens
        parameters.ignoreEOS = true
        return GenerationRequest(.tokens(prompt), parameters: parameters)
    }

    /// Prompt tokens per second until the first token.
    static func prefill(_ engine: Engine, tokens: Int) async throws -> Double {
        let begin = ContinuousClock.now
        _ = try await engine.complete(request(prompt(tokens, seed: 1), tokens: 1))
        return Double(tokens) / (ContinuousClock.now - begin).seconds
    }

    /// Tokens per second of all rows together, from the moment that all have their first token.
    static func decode(_ engine: Engine, batch: Int, prompt length: Int, steps: Int) async throws -> Double {
        let spans = try await withThrowingTaskGroup(of: (ContinuousClock.Instant, ContinuousClock.Instant).self) { group in
            for row in 0..<batch {
                group.addTask {
                    var first: ContinuousClock.Instant?
                    // Rows whose prompt is done early write a few tokens more while the others catch up.
                    for try await case .token in engine.generate(request(prompt(length, seed: row), tokens: steps)) {
                        first = first ?? .now
                    }
                    return (first ?? .now, .now)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let begin = spans.map(\.0).max()!
        let end = spans.map(\.1).max()!
        // Tokens written between the two: all but the first of each row, less what early rows wrote before.
        let perRow = (end - begin).seconds
        let early = spans.reduce(0.0) { $0 + max(0, (begin - $1.0).seconds) / max((end - $1.0).seconds, 1e-9) * Double(steps - 1) }
        return (Double(batch * (steps - 1)) - early) / perRow
    }
}
