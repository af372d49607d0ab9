import Basics
import PagedCache

// Beams of one search are a sequence that the scheduler knows, and its followers, which run whenever it does: blocks are
// found for all of them or for none, and they are preempted and recomputed together.
extension StepScheduler {
    /// Places in the batch that are filled or will be.
    var places: Int { running.reduce(0) { $0 + $1.places } }

    /// Give the sequence and its followers room for all their tokens. False when too few blocks are free; then some of
    /// them may have theirs already, and it can be asked again.
    func reserve(_ sequence: ScheduledSequence) -> Bool {
        guard cache.reserve(sequence.tokens.count, for: &sequence.table) else { return false }
        for follower in sequence.followers {
            if follower.table.blocks.isEmpty { share(sequence, with: follower) }
            guard cache.reserve(follower.tokens.count, for: &follower.table) else { return false }
        }
        return true
    }

    /// A preempted follower begins with what it has in common with the leading sequence, or with what the cache still has of
    /// it if that is more.
    private func share(_ sequence: ScheduledSequence, with follower: ScheduledSequence) {
        let common = sequence.tokensShared(with: follower)
        lookUp(follower)
        if follower.adoptable.tokenCount > common {
            adopt(follower)
        } else {
            follower.adoptable = .root
            follower.table = cache.fork(sequence.table, wholeBlocksWithin: common)
        }
    }

    /// Most free blocks that preempted followers need for all their tokens, once the leading sequence has its own.
    func blocksForFollowers(of sequence: ScheduledSequence) -> Int {
        sequence.followers.reduce(0) {
            let common = sequence.tokensShared(with: $1) / cache.blockTokens
            return $0 + cache.blocks(forTokens: $1.tokens.count) - common
        }
    }

    func release(_ sequence: ScheduledSequence) {
        cache.release(&sequence.table)
        sequence.speculation?.release()
        for follower in sequence.followers { cache.release(&follower.table) }
    }

    /// The sequence and its followers become these branches, each with one more token. The first branch of a sequence
    /// takes its blocks over, others share them; blocks of a sequence without a branch are free.
    ///
    /// - Parameter purpose: of the sequence of that number.
    func branch(
        _ sequence: ScheduledSequence, into branches: [BeamGroup.Branch],
        purpose: (Int) -> ScheduledSequence.Purpose
    ) {
        var company = sequence.company
        let old = company.map { (tokens: $0.tokens, table: $0.table) }
        var isTaken = [Bool](repeating: false, count: old.count)
        let new = branches.map { branch in
            defer { isTaken[branch.parent] = true }
            let parent = old[branch.parent]
            return (
                tokens: parent.tokens + [branch.token],
                table: isTaken[branch.parent] ? cache.fork(parent.table) : parent.table
            )
        }
        for (member, isTaken) in zip(company, isTaken) {
            if !isTaken { cache.release(&member.table) }
            member.table = BlockTable()
        }
        while company.count < new.count {
            company.append(
                ScheduledSequence(
                    arrival: sequence.arrival, tokens: Array(sequence.tokens.prefix(sequence.promptCount)),
                    purpose: purpose(company.count), sharesPrefix: sequence.sharesPrefix))
        }
        for (member, branch) in zip(company, new) {
            (member.tokens, member.table) = branch
        }
        for dropped in company[new.count...] { dropped.state = .finished }
        sequence.followers = Array(company[1..<new.count])
        sequence.state = .decoding
    }

    /// Some more tokens of beams that were preempted: first the leading one's, then those that the others do not share
    /// with it. The last token waits until all have come as far.
    func planRejoining(of sequence: ScheduledSequence, _ budget: inout Int, _ plan: inout StepPlan) {
        func append(_ member: ScheduledSequence) {
            let rows = min(member.pendingTokens - 1, budget)
            guard rows > 0 else { return }
            plan.append(member, rows: rows)
            budget -= rows
        }
        guard sequence.isRejoining else { return append(sequence) }
        guard reserve(sequence) else { return }
        for follower in sequence.followers { append(follower) }
    }
}
