import HTTPTypes
import NIOCore
import Synchronization

/// Hands each moment to all who listen. One who is slow misses moments, and always gets the newest next.
final class LiveHub: Sendable {
    private struct State {
        var feeds: [Int: AsyncStream<ByteBuffer>.Continuation] = [:]
        var next = 0
        var latest: ByteBuffer?
        var isOver = false
    }

    private let state = Mutex(State())
    private let mostListeners: Int
    /// Rings when somebody comes while nobody listens.
    let bell: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation

    init(mostListeners: Int) {
        self.mostListeners = mostListeners
        (bell, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var listeners: Int { state.withLock { $0.feeds.count } }

    /// - Throws: `APIError` 429 when too many listen, 503 when the server ends.
    func join() throws(APIError) -> LiveListener {
        let (events, feed) = AsyncStream<ByteBuffer>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let outcome: Result<Int, APIError> = state.withLock { state in
            if state.isOver { return .failure(.stopped) }
            guard state.feeds.count < mostListeners else {
                let error = APIError(
                    .tooManyRequests, "\(mostListeners) watch already, more are not served: close one of their pages",
                    code: "too_many_listeners")
                return .failure(error.retry(after: 10))
            }
            if let latest = state.latest { feed.yield(latest) }
            state.feeds[state.next] = feed
            state.next += 1
            return .success(state.next - 1)
        }
        let id = try outcome.get()
        ringer.yield()
        return LiveListener(id: id, events: events, hub: self)
    }

    func publish(_ event: ByteBuffer) {
        state.withLock { state in
            state.latest = event
            for feed in state.feeds.values { feed.yield(event) }
        }
    }

    /// Nobody is served any more.
    func end() {
        let feeds = state.withLock { state in
            state.isOver = true
            return state.feeds.values
        }
        for feed in feeds { feed.finish() }
    }

    fileprivate func leave(_ id: Int) {
        let feed = state.withLock { state in
            let feed = state.feeds.removeValue(forKey: id)
            // What is news to nobody is old to the next who comes.
            if state.feeds.isEmpty { state.latest = nil }
            return feed
        }
        feed?.finish()
    }
}

/// One who listens. Leaves when nobody holds it any more, also when its answer was never begun.
final class LiveListener: Sendable {
    let events: AsyncStream<ByteBuffer>
    private let id: Int
    private let hub: LiveHub
    /// Since when an event is being written.
    private let writing = Mutex<ContinuousClock.Instant?>(nil)

    fileprivate init(id: Int, events: AsyncStream<ByteBuffer>, hub: LiveHub) {
        self.id = id
        self.events = events
        self.hub = hub
    }

    deinit { leave() }

    /// Ends `events`.
    func leave() { hub.leave(id) }

    func writes(_ isWriting: Bool) { writing.withLock { $0 = isWriting ? .now : nil } }

    /// How long its client has taken nothing of what is there for it.
    var stall: Duration { writing.withLock { $0.map { .now - $0 } ?? .zero } }
}
