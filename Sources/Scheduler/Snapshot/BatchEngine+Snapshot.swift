import Dispatch

/// How much a snapshot may say.
public struct SnapshotLimits: Sendable, Equatable {
    /// Sequences that are listed.
    public var sequences = 256
    /// Of the block map.
    public var cells = 4096

    public init() {}
}

/// What is in the batch and in the cache.
public struct BatchSnapshot: Sendable, Equatable {
    public var status: BatchEngineStatus
    /// Those that run, the most urgent first; then some that wait.
    public var sequences: [SequenceSnapshot]
    /// Sequences that are there, but not in the list.
    public var unlisted: Int
    public var blocks: BlockMap
}

extension BatchEngine {
    /// Taken between two steps; summed up on the caller's thread.
    public func snapshot(_ limits: SnapshotLimits) async -> BatchSnapshot {
        let most = max(0, limits.sequences)
        let (status, census) = await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(returning: (currentStatus, scheduler.census(after: plan, most: most)))
            }
        }
        return BatchSnapshot(
            status: status, sequences: census.sequences, unlisted: census.unlisted,
            blocks: BlockMap(census.codes, listed: most, most: limits.cells))
    }
}
