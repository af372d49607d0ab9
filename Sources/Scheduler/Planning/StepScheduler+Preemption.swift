import Kernels
import PagedCache

// Who must give up its blocks, and what becomes of what they hold.
extension StepScheduler {
    /// Take the sequence's blocks; it goes on later.
    func preempt(_ sequence: ScheduledSequence) {
        running.removeAll { $0 === sequence }
        let wasDecoding = sequence.state == .decoding
        sequence.speculation?.release()
        if let swapped = swapOut(sequence) {
            sequence.state = .swapped(swapped, wasDecoding: wasDecoding)
            sequence.swappedBlocks = swapped.blockCount
            swaps += 1
        } else {
            release(sequence)
            sequence.state = .preempted
            sequence.swappedBlocks = 0
        }
        sequence.preemptions += 1
        preemptions += 1
        waiting.insert(sequence, at: steps)
    }

    /// Take every running sequence's blocks.
    func preemptAll() {
        while let last = running.last { preempt(last) }
    }

    /// What it takes to throw out a sequence of so many stored tokens and to bring it back, and whether by way of the swap
    /// space.
    ///
    /// - Parameter shared: of its tokens, those whose blocks it will find again without either.
    func costOfPreempting(
        tokens: Int, shared: Int = 0, mayBeSwapped: Bool = true
    ) -> (seconds: Double, swaps: Bool) {
        let blocks = cache.blocks(forTokens: tokens)
        let cost = PreemptionCost(tokens: tokens - shared, bytes: blocks * cache.layout.bytesPerBlock)
        let recomputing = cost.recomputing(by: costs, mostRows: options.mostRows)
        guard mayBeSwapped, options.preemption != .recompute, let swapSpace, tokens > 0, blocks <= swapSpace.freeSlots
        else {
            return (recomputing, false)
        }
        let swapping = cost.swapping(bytesPerSecond: swapSpace.rate.bytesPerSecond)
        return options.preemption == .swap || swapping < recomputing ? (swapping, true) : (recomputing, false)
    }

    private func swapOut(_ sequence: ScheduledSequence) -> SwappedTable? {
        // Beams share so much that it would be copied many times over; they find it again together.
        guard sequence.followers.isEmpty else { return nil }
        // Blocks that others hold will be there when it comes back, if they are indexed.
        let held = (sequence.table.blocks.count - cache.blocksHeldAlone(by: sequence.table)) * cache.blockTokens
        let shared = options.prefixCache && sequence.sharesPrefix ? min(held, sequence.table.indexed.tokenCount) : 0
        guard let swapSpace, costOfPreempting(tokens: sequence.table.tokenCount, shared: shared).swaps else {
            return nil
        }
        return cache.swapOut(&sequence.table, to: swapSpace)
    }
}
