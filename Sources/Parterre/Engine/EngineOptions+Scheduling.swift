import Kernels
import Logging
import PagedCache
import Scheduler

extension EngineOptions {
    var scheduling: SchedulingOptions {
        var scheduling = SchedulingOptions(
            policy: batching.policy, maxBatch: maxBatch, prefillChunk: prefillChunk, prefixCache: prefixCache)
        scheduling.stepTime = stepTime.map { $0 / .seconds(1) }
        scheduling.preemption = preemption.method
        scheduling.foresight = foresight
        scheduling.mostWaiting = mostWaiting
        scheduling.mostUnreadTokens = mostUnreadTokens
        return scheduling
    }

    /// Most bytes of a swap space of automatic size.
    private static let mostAutomaticSwapSpace = 4 << 30

    /// `nil` where there is to be none, or where one of automatic size finds no addresses: it is a convenience then.
    ///
    /// - Throws: `KernelError.outOfMemory` where the system refuses a size that was asked for.
    func swapSpace(beside cache: PagedCache, crew: WorkerLanes, logger: Logger) throws -> SwapSpace? {
        func make(_ bytes: Int) throws -> SwapSpace? {
            bytes < cache.layout.bytesPerBlock ? nil : try SwapSpace(layout: cache.layout, bytes: bytes, crew: crew)
        }
        if let swapSpace { return try make(swapSpace) }
        let cacheBytes = cache.blockCount * cache.layout.bytesPerBlock
        let left = max(0, Machine.availableBytes() - cacheBytes)
        do {
            return try make(min(Self.mostAutomaticSwapSpace, cacheBytes / 4, left / 2))
        } catch {
            logger.notice("no swap space: \(error)")
            return nil
        }
    }
}

extension EngineOptions.Preemption {
    var method: PreemptionMethod {
        switch self {
        case .auto: .auto
        case .recompute: .recompute
        case .swap: .swap
        }
    }
}
