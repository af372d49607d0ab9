import Foundation

@testable import Scheduler

/// A request that comes in the middle of another one, before the same step on every machine: the engine reads its clock
/// before each step while a request has a deadline, and the reading hands the second request in.
final class LateRequest: @unchecked Sendable {
    // Touched on the engine's queue, and before the first request is in it.
    private let engine: BatchEngine
    private var readings = 0
    private var stream: AsyncThrowingStream<GenerationEvent, any Error>?

    /// - Parameters:
    ///   - reading: which of the clock's; the first one is that of the other request's arrival.
    ///   - pause: how long each step after that takes at least, while a request has a deadline.
    init(
        _ request: GenerationRequest, _ engine: BatchEngine, reading: Int, pause: Duration = .zero,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.engine = engine
        engine.queue.sync {
            engine.now = { [self] in
                readings += 1
                if readings == reading { stream = engine.generate(request, tokenizer: nil) }
                if readings > reading, pause > .zero { usleep(useconds_t(pause / .microseconds(1))) }
                return now()
            }
        }
    }

    /// Its events, once it is there.
    func events() async -> AsyncThrowingStream<GenerationEvent, any Error> {
        while true {
            if let stream = engine.queue.sync(execute: { stream }) { return stream }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// The one completion that a stream ends with.
func completion(of stream: AsyncThrowingStream<GenerationEvent, any Error>) async throws -> Completion? {
    for try await case .finished(let completion) in stream { return completion }
    return nil
}

/// Wait for what must come true; a test's time limit ends the wait.
func eventually(_ condition: () async -> Bool) async throws {
    while !(await condition()) {
        try Task.checkCancellation()
        await Task.yield()
    }
}
