import Basics

/// Called with `vocabularySize` logits of one position; they are valid during the call only.
public typealias LogitsVisitor =
    @Sendable (_ sequence: Int, _ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void

/// Sequences that are scored together, and whoever waits for them.
final class ScoringGroup: @unchecked Sendable {
    // Confined to the engine's queue.
    let visit: LogitsVisitor
    private(set) var sequences: [ScheduledSequence] = []
    private var remaining = 0
    private var hasEnded = false
    private var continuation: CheckedContinuation<Void, any Error>?

    init(visit: @escaping LogitsVisitor) { self.visit = visit }

    /// False when the waiter had given up before this.
    func begin(_ sequences: [ScheduledSequence], _ continuation: CheckedContinuation<Void, any Error>) -> Bool {
        guard !hasEnded else {
            continuation.resume(throwing: CancellationError())
            return false
        }
        self.sequences = sequences
        self.continuation = continuation
        remaining = sequences.count
        return true
    }

    func sequenceDone() {
        remaining -= 1
        if remaining == 0 { end(nil) }
    }

    /// Answer the waiter once; what comes later is ignored.
    func end(_ error: (any Error)?) {
        hasEnded = true
        guard let waiter = continuation else { return }
        continuation = nil
        if let error { waiter.resume(throwing: error) } else { waiter.resume() }
    }
}

/// One sequence of a scoring group.
struct ScoringJob {
    let group: ScoringGroup
    /// Index into the caller's list.
    let index: Int
}
