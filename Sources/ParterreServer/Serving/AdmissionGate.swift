import HTTPTypes
import Synchronization

/// Keeps count of what has been taken on, bounds what waits, and at the end waits until all is done.
package final class AdmissionGate: Sendable {
    private struct State {
        var sequences = 0
        var requests: [Int: @Sendable () -> Void] = [:]
        var next = 0
        var isDraining = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Seconds that a request takes, a moving average.
        var seconds = 1.0
        var refused = 0
    }

    private let state = Mutex(State())

    /// What a request holds while it is answered; it leaves when nobody holds this any more.
    package final class Ticket: Sendable {
        fileprivate let id: Int
        fileprivate let sequences: Int
        fileprivate let begin = ContinuousClock.now
        private let gate: AdmissionGate

        fileprivate init(id: Int, sequences: Int, gate: AdmissionGate) {
            self.id = id
            self.sequences = sequences
            self.gate = gate
        }

        deinit { gate.leave(self) }
    }

    /// Take a request on.
    ///
    /// - Parameters:
    ///   - sequences: prompts times samples.
    ///   - batch: sequences that run at once; `queue`: those that may wait beside them. A request is taken when less than
    ///     both are there, however many it brings.
    ///   - cancel: ends the request when the server cannot wait any longer.
    /// - Throws: `APIError` 429 when too many wait, 503 when the server is shutting down.
    package func enter(
        sequences: Int, batch: Int, queue: Int, cancel: @escaping @Sendable () -> Void
    ) throws(APIError) -> Ticket {
        let result: Result<Ticket, APIError> = state.withLock { state in
            if state.isDraining { return .failure(.stopped) }
            guard state.sequences < batch + queue else {
                state.refused += 1
                let rounds = Double(state.sequences) / Double(max(1, batch))
                let seconds = Int(min(60, max(1, (state.seconds * rounds / 2).rounded(.up))))
                let waiting = state.sequences - batch
                return .failure(
                    APIError(
                        .tooManyRequests, "\(waiting) sequences wait already, more are not taken: try again later",
                        code: "queue_full"
                    )
                    .retry(after: seconds))
            }
            let ticket = Ticket(id: state.next, sequences: sequences, gate: self)
            state.next += 1
            state.sequences += sequences
            state.requests[ticket.id] = cancel
            return .success(ticket)
        }
        return try result.get()
    }

    private func leave(_ ticket: Ticket) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.requests.removeValue(forKey: ticket.id) != nil else { return nil }
            state.sequences -= ticket.sequences
            state.seconds += 0.1 * ((ContinuousClock.now - ticket.begin) / .seconds(1) - state.seconds)
            guard state.requests.isEmpty else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    package var isDraining: Bool { state.withLock { $0.isDraining } }
    /// Requests that got a 429.
    package var refused: Int { state.withLock { $0.refused } }
    package var inFlight: Int { state.withLock { $0.requests.count } }

    /// Take no more requests, and wait until those that are there have ended. After `time` they are cancelled.
    func drain(within time: Duration) async {
        state.withLock { $0.isDraining = true }
        let deadline = Task {
            try await Task.sleep(for: time)
            cancelAll()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isEmpty = state.withLock { state in
                    if !state.requests.isEmpty { state.waiter = continuation }
                    return state.requests.isEmpty
                }
                if isEmpty { continuation.resume() }
            }
        } onCancel: {
            cancelAll()
        }
        deadline.cancel()
    }

    private func cancelAll() {
        for cancel in state.withLock({ Array($0.requests.values) }) { cancel() }
    }
}
