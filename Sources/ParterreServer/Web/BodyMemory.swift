import HTTPTypes
import Synchronization

/// Bounds what the bodies of requests take together while they are read and understood. Nobody waits for room, so nobody can
/// wait for ever: a body that finds none is refused.
package final class BodyMemory: Sendable {
    /// What each body has without asking, so that ordinary requests are served whatever large ones are under way.
    static let freeBytes = 64 << 10

    private let limit: Int
    private let taken = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Bytes of large bodies that are there now.
    var bytes: Int { taken.withLock { $0 } }

    fileprivate func take(_ bytes: Int) throws(APIError) {
        let hasRoom = taken.withLock { taken in
            guard bytes <= limit - taken else { return false }
            taken += bytes
            return true
        }
        if hasRoom { return }
        throw APIError(
            .serviceUnavailable,
            "other requests' bodies take all of the \(limit) bytes that the server has for large ones: try again later",
            code: "bodies_too_large"
        )
        .retry(after: 1)
    }

    fileprivate func give(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}

/// What the body of one request takes; given back when nobody holds this any more, if not before.
package final class BodyHold: Sendable {
    private enum State {
        case counting(bytes: Int)
        /// The body is no longer there, or never was as a whole.
        case released
    }

    private let memory: BodyMemory
    private let state = Mutex(State.counting(bytes: 0))

    init(_ memory: BodyMemory) { self.memory = memory }

    deinit { release() }

    /// - Throws: `APIError` 503 where there is no room.
    func grow(by count: Int) throws(APIError) {
        let result: Result<Void, APIError> = state.withLock { state in
            guard case .counting(let bytes) = state else { return .success(()) }
            do throws(APIError) {
                try memory.take(Self.counted(bytes + count) - Self.counted(bytes))
                state = .counting(bytes: bytes + count)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// The body is not needed any more, or is not kept: nothing of it counts from here on.
    package func release() {
        let bytes: Int = state.withLock { state in
            guard case .counting(let bytes) = state else { return 0 }
            state = .released
            return bytes
        }
        memory.give(Self.counted(bytes))
    }

    private static func counted(_ bytes: Int) -> Int { max(0, bytes - BodyMemory.freeBytes) }
}
