import Synchronization

// What those need who work on batches.
extension BatchStore {
    /// Take the oldest batch that nobody works on and whose state is wanted.
    func claim(where isWanted: (BatchState) -> Bool) -> Batch? {
        let now = time.now()
        return state.withLock { state in
            let free = state.batches.first { batch in
                isWanted(batch.state) && !state.claimed.contains(batch.id)
                    && state.pauses[batch.id].map { $0 <= now } ?? true
            }
            guard let free else { return nil }
            state.claimed.insert(free.id)
            state.pauses[free.id] = nil
            return free
        }
    }

    /// - Parameter pause: seconds for which nobody shall try again.
    func unclaim(_ id: BatchID, pause: Int? = nil) {
        let end = pause.map { time.now() + $0 }
        state.withLock { state in
            if let batch = state.shown(id), let index = state.batches.firstIndex(where: { $0.id == id }) {
                state.batches[index] = batch
            }
            state.progress[id] = nil
            state.claimed.remove(id)
            state.pauses[id] = end
            if end == nil { state.ring() }
        }
    }

    /// Ask `counts` how far a batch is for as long as it is claimed.
    func follow(_ id: BatchID, _ counts: @escaping @Sendable () -> BatchCounts) {
        state.withLock { $0.progress[id] = counts }
    }

    /// Something for every change that may be work for somebody; changes that come while nobody listens are one.
    func bell() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.subscriptions += 1
            state.bells[state.subscriptions] = continuation
            return state.subscriptions
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.bells[number] = nil } }
        return stream
    }

    func ring() { state.withLock { $0.ring() } }

    /// The state of a batch now and after each change.
    func states(of id: BatchID) -> AsyncStream<BatchState> {
        let (stream, continuation) = AsyncStream.makeStream(of: BatchState.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.subscriptions += 1
            state.watchers[state.subscriptions] = (id, continuation)
            if let batch = state.batches.first(where: { $0.id == id }) { continuation.yield(batch.state) }
            return state.subscriptions
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.watchers[number] = nil } }
        return stream
    }

    /// Batches that are not done though their time is over.
    func overdue() -> [BatchID] {
        let now = time.now()
        return state.withLock { state in
            state.batches.filter { $0.expiresAt <= now && $0.state.after(.expired) != nil }.map(\.id)
        }
    }

    /// Ring where a pause has ended.
    func endPauses() {
        let now = time.now()
        state.withLock { state in
            let ended = state.pauses.filter { $0.value <= now }
            if ended.isEmpty { return }
            for id in ended.keys { state.pauses[id] = nil }
            state.ring()
        }
    }
}
