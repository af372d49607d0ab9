import Synchronization

/// What of a stream is generated but not yet sent. A reader that is slow gets several tokens in one chunk; one that falls too far
/// behind is given up, so that it neither holds memory nor holds up the batch.
final class StreamBuffer<Piece: StreamPiece>: Sendable {
    /// What the reader finds.
    enum Found: Sendable {
        /// All that came since the last time, oldest first, one piece for each choice at most.
        case pieces([Piece])
        /// Nothing came for a while.
        case quiet
        case finished
        case failed(any Error)
    }

    struct ReaderTooSlow: Error {}

    private struct State {
        var pending: [Piece] = []
        /// Where in `pending` a choice's piece is.
        var places: [Int: Int] = [:]
        var bytes = 0
        var end: Found?
        var reader: CheckedContinuation<Void, Never>?
        var isQuiet = false
        /// Since when the reader has been busy with what it took.
        var readerLeft: ContinuousClock.Instant?
        var lastTaken = ContinuousClock.now

        var isEmpty: Bool { pending.isEmpty && end == nil && !isQuiet }

        mutating func take() -> Found? {
            let now = ContinuousClock.now
            readerLeft = now
            defer { isQuiet = false }
            if !pending.isEmpty {
                defer {
                    pending.removeAll(keepingCapacity: true)
                    places.removeAll(keepingCapacity: true)
                    bytes = 0
                }
                lastTaken = now
                return .pieces(pending)
            }
            if let end { return end }
            guard isQuiet else { return nil }
            lastTaken = now
            return .quiet
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: most bytes that wait.
    init(limit: Int) { self.limit = limit }

    /// - Parameter counts: false for what comes at once by its nature, so that no reader could have been fast enough.
    /// - Throws: `ReaderTooSlow`.
    func add(_ piece: Piece, counts: Bool = true) throws(ReaderTooSlow) {
        let bytes = counts ? piece.bytes : 0
        let isTaken = wake { state in
            guard state.bytes + bytes <= limit || state.pending.isEmpty else { return false }
            state.bytes += bytes
            if let place = state.places[piece.choice] {
                state.pending[place].append(piece)
            } else {
                state.places[piece.choice] = state.pending.count
                state.pending.append(piece)
            }
            return true
        }
        if !isTaken { throw ReaderTooSlow() }
    }

    /// Nothing more comes.
    func finish() { end(.finished) }
    func fail(_ error: any Error) { end(.failed(error)) }

    /// Called now and then.
    ///
    /// - Parameter quietTime: after which a waiting reader finds `quiet`.
    /// - Returns: for how long the reader has not come back for more.
    func tick(quietTime: Duration) -> Duration {
        let now = ContinuousClock.now
        return wake { state in
            if let left = state.readerLeft { return now - left }
            if now - state.lastTaken >= quietTime { state.isQuiet = true }
            return .zero
        }
    }

    /// For one reader alone.
    func next() async -> Found {
        while true {
            let found = state.withLock { $0.take() }
            if let found { return found }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    state.readerLeft = nil
                    guard state.isEmpty else { return false }
                    state.reader = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    private func end(_ found: Found) {
        wake { state in
            if state.end == nil { state.end = found }
        }
    }

    @discardableResult
    private func wake<Value: Sendable>(_ change: (inout State) -> Value) -> Value {
        let (value, reader) = state.withLock { state -> (Value, CheckedContinuation<Void, Never>?) in
            let value = change(&state)
            guard !state.isEmpty else { return (value, nil) }
            defer { state.reader = nil }
            return (value, state.reader)
        }
        reader?.resume()
        return value
    }
}

/// Some of one choice, to which more of the same can be added.
protocol StreamPiece: Sendable {
    var choice: Int { get }
    /// About what it takes to keep it.
    var bytes: Int { get }
    mutating func append(_ next: Self)
}
