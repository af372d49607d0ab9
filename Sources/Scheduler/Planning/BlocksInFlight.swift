import Basics
import PagedCache

/// The next full block of each sequence whose prompt is being computed. A waiting sequence that needs the same one next
/// does better to wait for it than to compute it too.
struct BlocksInFlight {
    /// By the block's key. Of two with the same key one is enough: if it is not the block that is asked for, somebody
    /// computes a block twice.
    private var computing: [UInt64: ScheduledSequence] = [:]

    mutating func removeAll() { computing.removeAll(keepingCapacity: true) }

    /// A sequence that runs, unless its next block is not known yet, or will not be indexed, or is computed token by token.
    mutating func add(_ sequence: ScheduledSequence, _ cache: PagedCache) {
        guard sequence.sharesPrefix, sequence.chunkLimit >= cache.blockTokens,
            let block = sequence.block(after: sequence.table.indexed, cache.blockTokens)
        else { return }
        computing[cache.key(ofBlock: block, after: sequence.table.indexed)] = sequence
    }

    /// The blocks that one of these is computing, of a waiting sequence that was just looked up.
    func blocks(for sequence: ScheduledSequence, _ cache: PagedCache) -> AwaitedBlocks? {
        guard !computing.isEmpty, sequence.canAdopt,
            let block = sequence.block(after: sequence.adoptable, cache.blockTokens),
            let leader = computing[cache.key(ofBlock: block, after: sequence.adoptable)],
            leader.table.indexed == sequence.adoptable
        else { return nil }
        // A block that ends with the last token must be computed anyway: that token's logits are wanted.
        let most = min(leader.tokens.count, sequence.adoptionLimit - 1)
        var common = sequence.adoptable.tokenCount
        while common < most, leader.tokens[common] == sequence.tokens[common] { common += 1 }
        common -= common % cache.blockTokens
        return common > sequence.adoptable.tokenCount ? AwaitedBlocks(leader: leader, tokens: common) : nil
    }
}

/// Blocks that a sequence waits for.
struct AwaitedBlocks {
    /// Who computes them.
    let leader: ScheduledSequence
    /// Tokens up to the last one's end.
    let tokens: Int

    /// Whether they are still to come.
    var isComing: Bool { leader.state == .prefilling && leader.table.indexed.tokenCount < tokens }
}

extension ScheduledSequence {
    /// The tokens of the block that comes after a chain of its own, if it has enough of them.
    fileprivate func block(after chain: PrefixChain, _ blockTokens: Int) -> ArraySlice<TokenID>? {
        guard chain.tokenCount + blockTokens <= tokens.count else { return nil }
        return tokens[chain.tokenCount..<chain.tokenCount + blockTokens]
    }
}
