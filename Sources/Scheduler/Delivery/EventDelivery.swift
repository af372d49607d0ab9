import Synchronization

/// Between the engine's queue, which never waits, and a request's reader, which may.
///
/// A lock is taken for each event, by two at most. Whoever reads slowly holds up nobody: what it has not taken waits in an
/// `EventBuffer`, which is about as large as the completion of the same tokens, and no larger than `capacity` tokens.
final class EventDelivery: Sendable {
    private typealias Reading = CheckedContinuation<GenerationEvent?, any Error>

    private enum Phase {
        case open
        /// Nothing comes any more, but what waits; then the error, if there is one.
        case ended((any Error)?)
        /// The reader has left, or its task was cancelled.
        case left
    }

    private struct State {
        var phase = Phase.open
        var buffer = EventBuffer()
        var reader: Reading?
        /// Called once when the reader leaves.
        var onLeave: (@Sendable () -> Void)?
    }

    /// Tokens that may wait for the reader.
    let capacity: Int
    private let state: Mutex<State>

    init(capacity: Int) {
        self.capacity = capacity
        state = Mutex(State())
    }

    // MARK: The engine's side

    /// Call `handler` when the reader leaves before the end. False when it has left already; it is then not called.
    func begin(onLeave handler: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard case .open = state.phase else { return false }
            state.onLeave = handler
            return true
        }
    }

    /// Hand over an event; nothing becomes of it when the reader has left or the request has ended.
    ///
    /// - Returns: whether no more tokens wait than may.
    @discardableResult
    func yield(_ event: GenerationEvent) -> Bool {
        let (reader, next, isFull) = state.withLock { state -> (Reading?, GenerationEvent?, Bool) in
            guard case .open = state.phase else { return (nil, nil, false) }
            state.buffer.append(event)
            guard let reader = state.reader.take() else { return (nil, nil, state.buffer.tokens > capacity) }
            return (reader, state.buffer.takeFirst(), false)
        }
        reader?.resume(returning: next)
        return !isFull
    }

    /// What waits can still be read; then the stream ends, or throws.
    func finish(throwing error: (any Error)? = nil) {
        let reader = state.withLock { state -> Reading? in
            guard case .open = state.phase else { return nil }
            state.onLeave = nil
            // A reader waits only where nothing is left to take, so it has the error now.
            let reader = state.reader.take()
            state.phase = .ended(reader == nil ? error : nil)
            return reader
        }
        if let error { reader?.resume(throwing: error) } else { reader?.resume(returning: nil) }
    }

    // MARK: The reader's side

    /// The events as a stream. Dropping it, or cancelling the task that reads it, cancels the request.
    func stream() -> AsyncThrowingStream<GenerationEvent, any Error> {
        let reader = Reader(delivery: self)
        return AsyncThrowingStream(unfolding: { try await reader.delivery.next() })
    }

    /// Lives as long as the stream does.
    private final class Reader: Sendable {
        let delivery: EventDelivery

        init(delivery: EventDelivery) { self.delivery = delivery }
        deinit { delivery.leave() }
    }

    private func next() async throws -> GenerationEvent? {
        if let event = state.withLock({ $0.buffer.takeFirst() }) { return event }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { state in
                    if let event = state.buffer.takeFirst() { return continuation.resume(returning: event) }
                    switch state.phase {
                    case .open:
                        if state.reader == nil {
                            state.reader = continuation
                        } else {
                            // As with any stream only one task reads at a time; a second one finds nothing.
                            continuation.resume(returning: nil)
                        }
                    case .ended(let error?):
                        state.phase = .ended(nil)
                        continuation.resume(throwing: error)
                    case .ended(nil), .left: continuation.resume(returning: nil)
                    }
                }
            }
        } onCancel: {
            leave()
        }
    }

    private func leave() {
        let (reader, handler) = state.withLock { state -> (Reading?, (@Sendable () -> Void)?) in
            guard case .open = state.phase else { return (nil, nil) }
            state.phase = .left
            state.buffer = EventBuffer()
            return (state.reader.take(), state.onLeave.take())
        }
        reader?.resume(returning: nil)
        handler?()
    }
}
