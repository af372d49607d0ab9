import Dispatch
import PagedCache

extension BatchEngine {
    /// What the engine has done so far; `nil` where it does not record.
    public func trace() async -> Trace? {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(returning: recorder.map(trace(of:)))
            }
        }
    }

    private func trace(of recorder: TraceRecorder) -> Trace {
        var totals = Trace.Totals()
        totals.steps = counters.steps
        totals.promptTokens = counters.promptTokens
        totals.generatedTokens = counters.generatedTokens
        totals.preemptions = scheduler.preemptions
        totals.swaps = scheduler.swaps
        totals.queriedTokens = scheduler.cache.prefixes.queriedTokens
        totals.adoptedTokens = scheduler.cache.prefixes.adoptedTokens
        totals.evictions = scheduler.cache.prefixes.evictions
        let options = scheduler.options
        return recorder.trace(
            settings: Trace.Settings(
                blocks: scheduler.cache.blockCount, blockTokens: scheduler.cache.blockTokens,
                swapSlots: scheduler.swapSpace?.slotCount ?? 0, maxBatch: options.maxBatch,
                batching: options.policy.rawValue, prefillChunk: options.prefillChunk,
                stepLimit: recorder.limits.steps),
            totals: totals)
    }
}
