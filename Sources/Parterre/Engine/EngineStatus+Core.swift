import PagedCache
import Scheduler

extension EngineStatus {
    init(_ core: BatchEngineStatus) {
        state = core.state
        runningSequences = core.running
        waitingSequences = core.waiting
        cacheBlocksUsed = core.blocksUsed
        cacheBlocks = core.blocks
        cacheBlocksKept = core.blocksCached
        prefixCacheQueries = core.prefixes.queriedTokens
        prefixCacheHits = core.prefixes.adoptedTokens
        prefixCacheEvictions = core.prefixes.evictions
        promptTokens = core.counters.promptTokens
        generatedTokens = core.counters.generatedTokens
        preemptions = core.preemptions
        swaps = core.swapping.sequences
        bytesSwappedOut = core.swapping.bytesOut
        bytesSwappedIn = core.swapping.bytesIn
        swapBlocksUsed = core.swapping.slotsUsed
        swapBlocks = core.swapping.slots
        steps = core.counters.steps
        draftedTokens = core.speculation.drafted
        acceptedTokens = core.speculation.accepted
        barriers = core.barriers
        requests = core.requests
    }
}
