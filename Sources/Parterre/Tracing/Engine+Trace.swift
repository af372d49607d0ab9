public import Scheduler

extension Engine {
    /// What the engine has done so far, step by step; `nil` where it was loaded without `EngineOptions.recordsTrace`. Also
    /// after `shutdown()`.
    public func trace() async -> Trace? {
        guard var trace = await core.trace() else { return nil }
        trace.about = [
            .init("model", name), .init("weights", memoryPlan.weightFormat), .init("cache", memoryPlan.cacheFormat),
            .init("instructions", instructionSet), .init("threads", "\(threads)"),
            .init("blocks of", "\(memoryPlan.blockSize) tokens"),
        ]
        return trace
    }
}
