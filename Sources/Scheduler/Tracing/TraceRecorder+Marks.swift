import PagedCache

// How a sequence loses its blocks, and where those come from that it has next.
extension TraceRecorder {
    func notePreemptions(_ live: Live) {
        guard live.sequence.preemptions > live.preemptions else { return }
        live.preemptions = live.sequence.preemptions
        // Whatever blocks it has now are not those that it lost.
        close(live, until: step)
        let slots = live.sequence.swappedBlocks
        live.isSwapped = slots > 0
        if slots == 0 { live.mustRecompute = true }
        marks.append(
            Mark(
                step: step, sequence: live.index, what: slots > 0 ? .swappedOut : .preempted, detail: Int32(slots)))
    }

    /// Where the first blocks come from that a sequence has, or has again.
    func noteBeginning(_ live: Live, _ plan: StepPlan, _ cache: PagedCache) {
        if live.isSwapped { return noteReturn(live) }
        switch live.sequence.purpose {
        case .beam(_, member: 1...):
            // Beams that are computed again share their leader's beginning once more, which is no news.
            if live.lastHeld < 0 { noteFork(live, plan) }
        case .beam, .generate, .score:
            if live.sequence.state == .decoding { noteFork(live, plan) } else { noteAdoption(live, cache) }
        }
    }

    private func noteReturn(_ live: Live) {
        live.isSwapped = false
        marks.append(
            Mark(
                step: step, sequence: live.index, what: .swappedIn, detail: Int32(live.sequence.swappedBlocks)))
    }

    /// Of a sequence that has just been let in: what it took over instead of computing it.
    private func noteAdoption(_ live: Live, _ cache: PagedCache) {
        // Blocks of its own have not been indexed yet.
        let blocks = live.sequence.table.blocks.prefix { cache.allocator.isWanted($0) }
        guard !blocks.isEmpty else { return }
        let tokens = Int32(blocks.count * cache.blockTokens)
        marks.append(Mark(step: step, sequence: live.index, what: .adopted, detail: tokens))
    }

    private func noteFork(_ live: Live, _ plan: StepPlan) {
        let parent = plan.entries.first { entry in
            if case .beam(let group, member: 0) = entry.sequence.purpose,
                case .beam(let own, _) = live.sequence.purpose
            {
                return group === own
            }
            // Nothing was written since. Others that begin alike have a last block of their own.
            return entry.sequence.table.blocks.starts(with: live.sequence.table.blocks)
        }
        guard let parent, parent.sequence !== live.sequence else { return }
        marks.append(
            Mark(step: step, sequence: live.index, what: .forked, detail: self.live(parent.sequence).index))
    }
}
