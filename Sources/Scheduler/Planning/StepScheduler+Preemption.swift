import Kernels
import PagedCache

// Who must give up its blocks, and what becomes of what they hold.
extension StepScheduler {
    /// Take the sequence's blocks; it goes on later.
    func preempt(_ sequence: ScheduledSequence) {
        running.removeAll { $0 === sequence }
        let wasDecoding = sequence.state == .decoding
        if let swapped = swapOut(sequence) {
            sequence.state = .swapped(swapped, wasDecoding: wasDecoding)
            swaps += 1
        } else {
            cache.release(&sequence.table)
            sequence.state = .preempted
        }
        preemptions += 1
        waiting.insert(sequence, at: steps)
    }

    /// Take every running sequence's blocks.
    func preemptAll() {
        while let last = running.last { preempt(last) }
    }

    /// `nil` where it is cheaper to compute the sequence again, or where the swap space is full.
    private func swapOut(_ sequence: ScheduledSequence) -> SwappedTable? {
        guard let swapSpace, sequence.table.tokenCount > 0 else { return nil }
        switch options.preemption {
        case .recompute: return nil
        case .swap: break
        case .auto:
            let tokens = sequence.table.tokenCount
            let cost = PreemptionCost(
                tokens: tokens, bytes: cache.blocks(forTokens: tokens) * cache.layout.bytesPerBlock)
            let swapping = cost.swapping(bytesPerSecond: swapSpace.rate.bytesPerSecond)
            guard swapping < cost.recomputing(by: costs, mostRows: options.mostRows) else { return nil }
        }
        return cache.swapOut(&sequence.table, to: swapSpace)
    }
}
