import Dispatch
import Kernels
public import PagedCache

/// What the engine is doing, between two steps.
public struct BatchEngineStatus: Sendable, Equatable {
    public var state: EngineState
    public var running: Int
    public var waiting: Int
    public var blocksUsed: Int
    public var blocks: Int
    /// Without a holder, to be had by their tokens.
    public var blocksCached: Int
    public var prefixes: PrefixStatistics
    public var preemptions: Int
    public var swapping: SwappingStatus
    /// Barriers that the lanes have passed.
    public var barriers: Int
    public var counters: EngineCounters
    public var speculation: SpeculationCounters
    public var requests: RequestMetrics
}

/// The swap space, and what went through it.
public struct SwappingStatus: Sendable, Equatable {
    /// Of the preempted sequences, those that were swapped out.
    public var sequences: Int
    public var bytesOut: Int
    public var bytesIn: Int
    public var slotsUsed: Int
    public var slots: Int

    init(_ scheduler: StepScheduler) {
        sequences = scheduler.swaps
        bytesOut = scheduler.swapSpace?.bytesOut ?? 0
        bytesIn = scheduler.swapSpace?.bytesIn ?? 0
        slotsUsed = scheduler.swapSpace?.usedSlots ?? 0
        slots = scheduler.swapSpace?.slotCount ?? 0
    }
}

extension BatchEngine {
    public func status() async -> BatchEngineStatus {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(returning: currentStatus)
            }
        }
    }

    /// Only on the queue.
    var currentStatus: BatchEngineStatus {
        BatchEngineStatus(
            state: state, running: scheduler.running.count, waiting: scheduler.waiting.count + scheduler.aside.count,
            blocksUsed: scheduler.cache.usedBlocks, blocks: scheduler.cache.blockCount,
            blocksCached: scheduler.cache.cachedBlocks, prefixes: scheduler.cache.prefixes,
            preemptions: scheduler.preemptions, swapping: SwappingStatus(scheduler), barriers: crew.barriersPassed,
            counters: counters, speculation: speculator?.counters ?? SpeculationCounters(), requests: meter.metrics)
    }

    /// Fail what is unfinished with `RequestError.engineStopped` and end the lanes.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                stop()
                continuation.resume()
            }
        }
    }
}
