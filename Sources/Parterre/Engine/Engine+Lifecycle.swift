public import ServiceLifecycle

extension Engine: Service {
    /// Stay until the service group shuts down gracefully; then take no more requests, let those that run end within
    /// `EngineOptions.gracePeriod`, and shut down.
    ///
    /// Services end in the reverse of their order in the group, so the engine stands before the server that uses it.
    ///
    /// - Throws: `CancellationError` when the task is cancelled: the engine is then shut down at once.
    public func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            await shutdown()
            throw error
        }
        await drain(within: gracePeriod)
        await shutdown()
    }

    /// Take no more requests, which fail with `RequestError.engineDraining`, and wait until those that are there have ended.
    /// `status()` answers all the while; `shutdown()` comes after this.
    ///
    /// - Parameter grace: how long to wait at most; `nil`: as long as it takes.
    /// - Returns: whether all have ended. False when the time is over or this task is cancelled: what is left runs on, until
    ///   `shutdown()`.
    @discardableResult
    public func drain(within grace: Duration? = nil) async -> Bool { await core.drain(within: grace) }

    /// Stop taking requests, fail the unfinished ones with `RequestError.engineStopped`, end the worker lanes. Metrics are complete
    /// when this returns.
    public func shutdown() async {
        await core.shutdown()
        await reporter?.flush()
    }
}
