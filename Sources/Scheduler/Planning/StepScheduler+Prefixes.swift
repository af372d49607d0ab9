import Basics
import PagedCache

// Sequences with the same first tokens share the blocks of these: one computes them, the others take them over.
extension StepScheduler {
    // MARK: After a step

    /// Index the blocks that a step has filled. To be called once the step is computed, and its tables count as stored only
    /// tokens that their sequences keep.
    func publish(_ plan: StepPlan) {
        for entry in plan.entries where entry.sequence.state != .finished { publish(entry.sequence) }
    }

    func publish(_ sequence: ScheduledSequence) {
        guard options.prefixCache, sequence.sharesPrefix else { return }
        cache.publish(sequence.tokens, of: &sequence.table)
    }

    // MARK: At admission

    /// See which blocks a waiting sequence could take over now. What is known since the last look is not looked up again.
    func lookUp(_ sequence: ScheduledSequence) {
        guard options.prefixCache, sequence.canAdopt else { return }
        // Neighbours in the line often begin alike, and comparing tokens is faster than hashing them.
        if sequence.adoptable == .root, let last = lastLookedUp, last.adoptable.tokenCount < sequence.adoptionLimit,
            sequence.tokens.begins(as: last.tokens, last.adoptable.tokenCount)
        {
            sequence.adoptable = last.adoptable
        }
        cache.follow(&sequence.adoptable, along: sequence.tokens, first: sequence.adoptionLimit)
        lastLookedUp = sequence
    }

    /// Blocks that would no longer be free if the sequence, just looked up, were let in.
    func blocksToAdmit(_ sequence: ScheduledSequence) -> Int {
        sequence.canAdopt
            ? cache.blocksToReserve(sequence.tokens.count, adopting: sequence.adoptable)
            : cache.blocksToReserve(sequence.tokens.count, for: sequence.table)
    }

    /// Take over the blocks that were found in the same step.
    func adopt(_ sequence: ScheduledSequence) {
        guard options.prefixCache, sequence.canAdopt else { return }
        cache.adopt(sequence.adoptable, of: sequence.tokens.count, for: &sequence.table)
        sequence.adoptable = .root
    }

    /// Of a sequence that was let in before its turn: take over what others have computed since then.
    func adoptMore(_ sequence: ScheduledSequence) {
        guard options.prefixCache, sequence.canAdoptMore, sequence.followers.isEmpty else { return }
        cache.adoptMore(along: sequence.tokens, first: sequence.adoptionLimit, for: &sequence.table)
    }

    // MARK: Waiting for blocks in the making

    /// Most sequences that step aside in one step: a line of very many that begin alike must not hold up the step.
    private static let mostStepAside = 128
    /// Most that come back in one step, of those that waited for the same.
    private static let mostCalledBack = 256

    /// See what those that run are computing.
    func beginAdmission() {
        steppedAside = 0
        guard !waiting.isEmpty, running.count < options.maxBatch else { return }
        for sequence in running where sequence.state == .prefilling && !sequence.awaitsTurn { noteInFlight(sequence) }
    }

    func endAdmission() {
        inFlight.removeAll()
        lastLookedUp = nil
    }

    /// A sequence computes its prompt from here on.
    func noteInFlight(_ sequence: ScheduledSequence) {
        if options.prefixCache { inFlight.add(sequence, cache) }
    }

    var maySendAside: Bool { steppedAside < Self.mostStepAside }

    /// Whether a waiting sequence, just looked up, needs a block next that one that runs is computing. It then stands aside,
    /// and others go before it, until all blocks that the two have in common are there, or the other one is gone.
    func standsAside(_ sequence: ScheduledSequence) -> Bool {
        guard let awaited = inFlight.blocks(for: sequence, cache) else { return false }
        steppedAside += 1
        waiting.remove(sequence)
        aside.insert(sequence, until: awaited)
        return true
    }

    /// Put those back into the line who have what they waited for, or wait for nothing any more.
    func callBack() {
        guard !aside.isEmpty else { return }
        // More of them could not begin in one step anyway.
        aside.takeReady(most: max(Self.mostCalledBack, options.maxBatch)) { waiting.insert($0, at: steps) }
    }
}

extension [TokenID] {
    /// Whether the first `count` tokens are those of another list that has as many.
    fileprivate func begins(as other: [TokenID], _ count: Int) -> Bool {
        withUnsafeBufferPointer { own in
            other.withUnsafeBufferPointer { other in
                (0..<count).allSatisfy { own[$0] == other[$0] }
            }
        }
    }
}
