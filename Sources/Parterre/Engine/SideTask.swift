import Dispatch
import Synchronization

/// Blocking work on a thread of its own, while the caller does other blocking work.
final class SideTask<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let ended = DispatchGroup()

    init(_ work: @escaping @Sendable () throws -> Value) {
        ended.enter()
        DispatchQueue.global(qos: .userInitiated).async { [self] in
            let outcome = Result { try work() }
            result.withLock { $0 = outcome }
            ended.leave()
        }
    }

    /// - Throws: what the work threw, if it has ended already.
    func check() throws { _ = try result.withLock { try $0?.get() } }

    /// Wait for the work.
    ///
    /// - Throws: what it threw.
    func value() throws -> Value {
        ended.wait()
        guard let outcome = result.withLock({ $0 }) else { preconditionFailure("the work has ended") }
        return try outcome.get()
    }
}
