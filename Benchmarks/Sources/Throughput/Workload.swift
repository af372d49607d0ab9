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

    /// Tokens per second of all rows together while all of them decode.
    static func decode(_ engine: Engine, batch: Int, prompt length: Int, steps: Int) async throws -> Double {
        let times = try await withThrowingTaskGroup(of: [ContinuousClock.Instant].self) { group in
            for row in 0..<batch {
                group.addTask {
                    var times: [ContinuousClock.Instant] = []
                    for try await case .token in engine.generate(request(prompt(length, seed: row), tokens: steps)) {
                        times.append(.now)
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        // Rows whose prompt is done early write some tokens while the others catch up: those do not count. The end is
        // where the first row is done, so that all rows are there all the time.
        let begin = times.map { $0[0] }.max()!
        let end = times.map { $0[$0.count - 1] }.min()!
        let counted = times.reduce(0) { $0 + $1.count { $0 > begin && $0 <= end } }
        return Double(counted) / (end - begin).seconds
    }
}
