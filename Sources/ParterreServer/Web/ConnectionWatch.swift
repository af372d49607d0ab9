import NIOCore
import Synchronization

/// Notices that a client closed its connection, also while its request is being answered and nothing is written.
///
/// Hummingbird has `consumeWithCancellationOnInboundClose` for that, but it reads the connection to its end, so that each
/// request would need a connection of its own.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    let signal = DisconnectSignal()

    /// What the system keeps of an answer for a client that does not read; left alone it takes megabytes for each.
    private static let sendBuffer: ChannelOptions.Types.SocketOption.Value = 256 << 10

    func handlerAdded(context: ChannelHandlerContext) {
        _ = context.channel.setOption(.socketOption(.so_sndbuf), value: Self.sendBuffer)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { signal.fire() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        signal.fire()
        context.fireChannelInactive()
    }
}

/// Fires once, when the client is gone.
package final class DisconnectSignal: Sendable {
    private enum State {
        case connected(actions: [Int: @Sendable () -> Void], next: Int)
        case gone
    }

    private let state = Mutex(State.connected(actions: [:], next: 0))

    func fire() {
        let actions: [Int: @Sendable () -> Void] = state.withLock { state in
            guard case .connected(let actions, _) = state else { return [:] }
            state = .gone
            return actions
        }
        for action in actions.values { action() }
    }

    /// Run `operation` in a task that is cancelled when the client goes, or when the caller's is.
    package func whileConnected<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let work = watched(operation)
        defer { work.end() }
        return try await withTaskCancellationHandler {
            try await work.task.value
        } onCancel: {
            work.task.cancel()
        }
    }

    /// A task that is cancelled when the client goes. `end()` comes when it is not needed any more.
    package func watched<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) -> WatchedTask<Value> {
        let task = Task { try await operation() }
        return WatchedTask(task: task, signal: self, id: add { task.cancel() })
    }

    /// The action runs at once if the client is gone already.
    private func add(_ action: @escaping @Sendable () -> Void) -> Int? {
        let id: Int? = state.withLock { state in
            guard case .connected(var actions, let next) = state else { return nil }
            actions[next] = action
            state = .connected(actions: actions, next: next + 1)
            return next
        }
        if id == nil { action() }
        return id
    }

    fileprivate func forget(_ id: Int?) {
        guard let id else { return }
        state.withLock { state in
            guard case .connected(var actions, let next) = state else { return }
            actions[id] = nil
            state = .connected(actions: actions, next: next)
        }
    }
}

/// Work for a client that may hang up.
package struct WatchedTask<Value: Sendable>: Sendable {
    package let task: Task<Value, any Error>
    fileprivate let signal: DisconnectSignal
    fileprivate let id: Int?

    /// Cancels the task unless it has ended.
    package func end() {
        signal.forget(id)
        task.cancel()
    }
}
