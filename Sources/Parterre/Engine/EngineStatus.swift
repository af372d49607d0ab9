public import Scheduler

/// A snapshot of what the engine is doing.
public struct EngineStatus: Sendable, Equatable {
    public var state = EngineState.serving
    public var runningSequences = 0
    public var waitingSequences = 0
    public var cacheBlocksUsed = 0
    public var cacheBlocks = 0
    /// Blocks that nobody uses, but whose tokens' keys and values are still there for a request that begins with them.
    public var cacheBlocksKept = 0
    /// Computed since the engine was loaded; as all that follow.
    public var promptTokens = 0
    public var generatedTokens = 0
    /// Tokens of sequences that looked for what was computed of them already.
    public var prefixCacheQueries = 0
    /// Tokens of these that were found, and so are not among `promptTokens`.
    public var prefixCacheHits = 0
    /// Kept blocks that made room for others.
    public var prefixCacheEvictions = 0
    /// Sequences that had to give up their blocks, and went on later.
    public var preemptions = 0
    /// Of these, those whose keys and values were swapped out and back; the others were computed again.
    public var swaps = 0
    public var bytesSwappedOut = 0
    public var bytesSwappedIn = 0
    /// Blocks that the swap space holds now, and at most.
    public var swapBlocksUsed = 0
    public var swapBlocks = 0
    public var steps = 0
    /// Guessed tokens that steps have verified, and those of them that came true: each of these saved its sequence a step.
    public var draftedTokens = 0
    public var acceptedTokens = 0
    /// Times that all worker lanes have met, in loading and in steps.
    public var barriers = 0
    /// What became of the requests, and how long it took.
    public var requests = RequestMetrics()

    public init() {}

    /// Share of the cache's blocks in use, 0…1.
    public var cacheUse: Double { cacheBlocks == 0 ? 0 : Double(cacheBlocksUsed) / Double(cacheBlocks) }
}
