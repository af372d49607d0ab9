public import Scheduler

/// What an engine is doing between two steps: who is in the batch, and who holds which block of the cache.
///
/// For watching: it says nothing of any prompt or text, only names that callers gave their requests, states and numbers. It is of
/// bounded size however large the cache and the queue are.
public struct EngineSnapshot: Sendable, Equatable {
    public var status: EngineStatus
    /// Those that run, the most urgent first; then some that wait.
    public var sequences: [SequenceSnapshot]
    /// Sequences that are there, but not in the list.
    public var unlisted: Int
    public var blocks: BlockMap
}

extension Engine {
    /// Takes time in proportion to the blocks in use, between two steps; costs nothing while nobody asks.
    public func snapshot(_ limits: SnapshotLimits = SnapshotLimits()) async -> EngineSnapshot {
        let core = await core.snapshot(limits)
        return EngineSnapshot(
            status: EngineStatus(core.status), sequences: core.sequences, unlisted: core.unlisted, blocks: core.blocks)
    }
}
