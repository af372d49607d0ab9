import Basics
import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Scheduler

/// What the engine counts of its requests, on a clock that moves on by a second whenever it is read: once for each request, at
/// the beginning of each step and at its end.
@Suite(.timeLimit(.minutes(10))) struct RequestMetricsTests {
    final class CountingClock: Sendable {
        private let moment = Mutex(ContinuousClock.now)

        func read() -> ContinuousClock.Instant {
            moment.withLock {
                $0 += .seconds(1)
                return $0
            }
        }
    }

    private func request(_ rig: Rig, _ length: Int, tokens: Int, n: Int = 1) -> GenerationRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = tokens
        parameters.ignoreEOS = true
        return GenerationRequest(.tokens(rig.sequences([length], seed: 1)[0]), parameters: parameters, n: n)
    }

    /// Hands the requests in together and reads them to their end.
    private func metrics(of requests: [GenerationRequest], in engine: BatchEngine) async throws -> RequestMetrics {
        let clock = CountingClock()
        let streams = engine.queue.sync {
            engine.meter.now = clock.read
            return requests.map { engine.generate($0, tokenizer: nil) }
        }
        for stream in streams { for try await _ in stream {} }
        return await engine.status().requests
    }

    @Test("each part of a request's life is timed from where vLLM times it")
    func times() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine(Arrangement(prefillChunk: 16)) { engine in
            // Comes at 1; steps begin at 2, 4, 6, … and end at 3, 5, 7, …: its prompt takes two, its four tokens come at 5, 7, 9
            // and 11.
            let metrics = try await metrics(of: [request(rig, 20, tokens: 4)], in: engine)
            #expect(metrics.queueTime.count == 1 && metrics.queueTime.sum == 1)
            #expect(metrics.prefillTime.count == 1 && metrics.prefillTime.sum == 3)
            #expect(metrics.timeToFirstToken.count == 1 && metrics.timeToFirstToken.sum == 4)
            #expect(metrics.interTokenLatency.count == 3 && metrics.interTokenLatency.sum == 6)
            #expect(metrics.decodeTime.count == 1 && metrics.decodeTime.sum == 6)
            #expect(metrics.endToEndLatency.count == 1 && metrics.endToEndLatency.sum == 10)
            #expect(metrics.promptTokens == 20 && metrics.finished.length == 1)
        }
    }

    @Test("samples have latencies between tokens of their own, and one request's times")
    func samples() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine(Arrangement(maxBatch: 8, prefillChunk: 64)) { engine in
            let metrics = try await metrics(
                of: [request(rig, 20, tokens: 4, n: 3), request(rig, 7, tokens: 2)], in: engine)
            #expect(metrics.finished.length == 4 && metrics.finished.stop == 0 && metrics.finished.abort == 0)
            #expect(metrics.promptTokens == 27)
            // Three tokens behind the first in each of three samples, one in the other request's.
            #expect(metrics.interTokenLatency.count == 10 && metrics.interTokenLatency.sum == 20)
            for histogram in [
                metrics.queueTime, metrics.prefillTime, metrics.timeToFirstToken, metrics.decodeTime,
                metrics.endToEndLatency,
            ] {
                #expect(histogram.count == 2)
            }
        }
    }

    @Test("a search's first token is there at its end")
    func beams() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine { engine in
            var request = request(rig, 9, tokens: 5, n: 2)
            request.parameters.beams.count = 3
            let metrics = try await metrics(of: [request], in: engine)
            #expect(metrics.finished.length == 2 && metrics.interTokenLatency.count == 0)
            #expect(metrics.timeToFirstToken.sum == metrics.endToEndLatency.sum && metrics.endToEndLatency.count == 1)
            let parts = metrics.queueTime.sum + metrics.prefillTime.sum + metrics.decodeTime.sum
            #expect(parts == metrics.endToEndLatency.sum)
        }
    }

    /// The stream is gone when this returns.
    private func leave(_ request: GenerationRequest, _ engine: BatchEngine) async throws {
        for try await case .token in engine.generate(request, tokenizer: nil) { return }
    }

    @Test("a reader that leaves is an abort, a shutdown an error, a deadline an end of its own")
    func unfinished() async throws {
        let rig = try Rig(RandomCheckpoint(hidden: 32, heads: 4))
        try await rig.withEngine(Arrangement(blocks: 200)) { engine in
            // Where the machine has no time for the reader, a text may end before it has left.
            var finished = await engine.status().requests.finished
            for written in 0..<50 where finished.abort == 0 {
                #expect(finished.length == written)
                try await leave(request(rig, 9, tokens: 1000), engine)
                // The leaving reader's cancellation stands before this in the queue.
                finished = await engine.status().requests.finished
            }
            #expect(finished.abort == 1)
            let written = finished.length
            var late = request(rig, 9, tokens: 1000)
            late.deadline = .nanoseconds(1)
            for try await _ in engine.generate(late, tokenizer: nil) {}
            let stopped = engine.generate(request(rig, 9, tokens: 1000), tokenizer: nil)
            await engine.shutdown()
            await #expect(throws: RequestError.engineStopped) { for try await _ in stopped {} }
            finished = await engine.status().requests.finished
            #expect(finished.abort == 1 && finished.deadline == 1 && finished.error == 1 && finished.length == written)
        }
    }
}
