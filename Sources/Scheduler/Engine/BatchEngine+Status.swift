import Dispatch
import Kernels
public import PagedCache

/// What the engine is doing, between two steps.
public struct BatchEngineStatus: Sendable, Equatable {
    public var running: Int
    public var waiting: Int
    public var blocksUsed: Int
    public var blocks: Int
    /// Without a holder, to be had by their tokens.
    public var blocksCached: Int
    public var prefixes: PrefixStatistics
    public var preemptions: Int
    /// Barriers that the lanes have passed.
    public var barriers: Int
    public var counters: EngineCounters
    public var speculation: SpeculationCounters
}

extension BatchEngine {
    public func status() async -> BatchEngineStatus {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(
                    returning: BatchEngineStatus(
                        running: scheduler.running.count, waiting: scheduler.waiting.count + scheduler.aside.count,
                        blocksUsed: scheduler.cache.usedBlocks, blocks: scheduler.cache.blockCount,
                        blocksCached: scheduler.cache.cachedBlocks, prefixes: scheduler.cache.prefixes,
                        preemptions: scheduler.preemptions, barriers: crew.barriersPassed, counters: counters,
                        speculation: speculator?.counters ?? SpeculationCounters()))
            }
        }
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
