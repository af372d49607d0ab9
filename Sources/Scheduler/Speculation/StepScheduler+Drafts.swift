import Basics
import PagedCache

// The scheduler's part in verifying guessed tokens: their rows, their blocks, and what is left of them.
extension StepScheduler {
    /// Prompt tokens that wait to be computed and may ride on the next step.
    var promptRowsAhead: Int {
        guard options.policy == .continuous || !running.contains(where: { $0.state == .decoding }) else { return 0 }
        return min(running.reduce(joining.rows) { $0 + $1.promptRows }, options.promptRoom)
    }

    /// Rows that guessed tokens may take: what the step has room for beside everything else, in head passes that are needed
    /// anyway.
    func draftRoom(beside decoding: Int, prompts: Int) -> Int {
        let lastPass = decoding % mostWanted
        let passRoom = lastPass == 0 && decoding > 0 ? 0 : mostWanted - lastPass
        return max(0, min(passRoom, options.mostRows - decoding - prompts))
    }

    /// Blocks for a decoding sequence's guessed tokens behind its pending one, which has its own already. Where blocks are
    /// scarce there are fewer guesses: nobody is preempted for one, and every running sequence still finds its next block.
    ///
    /// - Returns: those that have room.
    func reserveDraft(of sequence: ScheduledSequence) -> ArraySlice<TokenID> {
        guard let speculation = sequence.speculation, speculation.drafted > 0 else { return [] }
        let tokens = sequence.tokens.count
        let needed = cache.blocksToReserve(tokens + speculation.drafted, for: sequence.table)
        if needed > 0,
            needed + places > cache.freeBlocks
                || !cache.reserve(tokens + speculation.drafted, for: &sequence.table)
        {
            let room = sequence.table.blocks.count * cache.blockTokens - tokens
            speculation.drafted = min(speculation.drafted, room)
        }
        return speculation.riding
    }

    /// The first `accepted` of the sequence's guessed tokens came true: their keys and values are its own. What was stored of
    /// the others lies behind its end, where the next tokens are written.
    func keep(accepted: Int, of sequence: ScheduledSequence) {
        if accepted > 0 { cache.advance(&sequence.table, by: accepted) }
    }
}
