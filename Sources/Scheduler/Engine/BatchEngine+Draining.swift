import Dispatch

extension BatchEngine {
    /// Why new work is refused; `nil`: it is not.
    var refusal: RequestError? {
        switch state {
        case .serving: nil
        case .draining: .engineDraining
        case .stopped: .engineStopped
        }
    }

    /// Why a new request is refused; `nil`: it is not.
    var requestRefusal: RequestError? {
        if let refusal { return refusal }
        guard let most = scheduler.options.mostWaiting else { return nil }
        // Of those that came since the last step, some will run at once.
        let places = max(0, scheduler.options.maxBatch - scheduler.places)
        return scheduler.waiting.count + scheduler.aside.count < most + places ? nil : .queueFull(waiting: most)
    }

    /// Take no more requests, and wait until those that are there have ended.
    ///
    /// - Parameter grace: how long to wait at most; `nil`: as long as it takes.
    /// - Returns: whether all have ended. False when the time is over, when this task is cancelled and when somebody shuts the
    ///   engine down meanwhile; what is left runs on.
    public func drain(within grace: Duration? = nil) async -> Bool {
        let waiter = DrainWaiter()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { [self] in
                    beginDraining()
                    waiter.begin(continuation)
                    guard !scheduler.isIdle else { return waiter.end(true) }
                    drainWaiters.append(waiter)
                    guard let grace else { return }
                    // Longer than a process runs, and no date that overflows.
                    let seconds = min(max(0, grace / .seconds(1)), 1e9)
                    queue.asyncAfter(deadline: .now() + seconds) { waiter.end(false) }
                }
            }
        } onCancel: {
            queue.async { waiter.end(false) }
        }
    }

    /// Called when nothing runs or waits.
    func noteIdle() {
        sendReport()
        endWaiting(drained: true)
    }

    func endWaiting(drained: Bool) {
        for waiter in drainWaiters { waiter.end(drained) }
        drainWaiters.removeAll()
    }
}

/// Somebody who waits until the engine has nothing left to do. Confined to its queue.
final class DrainWaiter: @unchecked Sendable {
    private enum Phase {
        case new
        case waiting(CheckedContinuation<Bool, Never>)
        case over
    }

    private var phase = Phase.new

    func begin(_ continuation: CheckedContinuation<Bool, Never>) {
        // The waiter was cancelled before this.
        guard case .new = phase else { return continuation.resume(returning: false) }
        phase = .waiting(continuation)
    }

    /// Answer once; what comes later is ignored.
    func end(_ drained: Bool) {
        if case .waiting(let continuation) = phase { continuation.resume(returning: drained) }
        phase = .over
    }
}
