import Basics
import Models
import PagedCache

/// One row of the batch: a growing list of tokens and the blocks that hold what was computed of it.
final class ScheduledSequence {
    /// What becomes of its logits.
    enum Purpose {
        /// The last row's logits choose the next token.
        case generate(Sample)
        /// Logits go to the caller; nothing is generated.
        case score(ScoringJob, lastOnly: Bool)
        /// The last row's logits rank what may continue that member.
        case beam(BeamGroup, member: Int)
    }

    /// The least urgent is preempted first.
    var urgency: Urgency
    /// The step in which it first came to wait.
    var since: Int?
    /// Its stay in the queue of those that wait, while it does.
    var stay: Int?
    let purpose: Purpose
    let promptCount: Int
    var tokens: [TokenID]
    var table = BlockTable()
    var state = SequenceState.waiting { didSet { for follower in followers { follower.state = state } } }
    /// It was let in before its turn: it has its blocks, and nothing was computed of it since.
    var awaitsTurn = false
    /// Most tokens of it in one step, whatever the budget.
    let chunkLimit: Int
    /// Most tokens that will be generated.
    let tokenLimit: Int
    /// Whether it may have blocks in common with other sequences.
    let sharesPrefix: Bool
    /// While it waits: the blocks that it could take over when it was last looked at.
    var adoptable = PrefixChain.root
    /// It waits, but not in the line (`SequencesAside`).
    var standsAside = false
    /// Samples of the same prompt that take over its blocks once the prompt is computed.
    var siblings: [ScheduledSequence] = []
    /// What is guessed of its next tokens, where the engine guesses.
    var speculation: SequenceSpeculation?
    /// What is still to be said of its prompt's tokens, if anything.
    private(set) var promptReport: PromptReport?
    /// Other beams of the same search, which run whenever this one does.
    var followers: [ScheduledSequence] = []
    /// How often it has lost its blocks.
    var preemptions = 0 { didSet { for follower in followers { follower.preemptions = preemptions } } }
    /// Of these blocks, those that it left in the swap space the last time.
    var swappedBlocks = 0

    init(
        arrival: Int, tokens: [TokenID], purpose: Purpose, chunkLimit: Int = .max, sharesPrefix: Bool = true,
        tokenLimit: Int = 0, priority: Int = 0, deadline: ContinuousClock.Instant? = nil,
        promptReport: PromptReport? = nil
    ) {
        urgency = Urgency(level: priority, deadline: deadline, arrival: arrival)
        self.tokens = tokens
        self.purpose = purpose
        self.chunkLimit = chunkLimit
        self.sharesPrefix = sharesPrefix
        self.tokenLimit = tokenLimit
        self.promptReport = promptReport
        promptCount = tokens.count
    }

    /// Order of arrival.
    var arrival: Int { urgency.arrival }

    /// Tokens whose keys and values are not stored yet, neither in blocks nor in the swap space.
    var pendingTokens: Int {
        if case .swapped(let swapped, _) = state { return tokens.count - swapped.tokenCount }
        return tokens.count - table.tokenCount
    }

    /// Prompt tokens that it still has to compute, in however many steps.
    var remainingPrompt: Int { pendingTokens - adoptable.tokenCount }

    /// Prompt tokens that a step could take of it now.
    var promptRows: Int {
        switch state {
        case .decoding, .swapped(_, wasDecoding: true): return 0
        default:
            let own = min(remainingPrompt, chunkLimit)
            return followers.reduce(own) { $0 + $1.pendingTokens }
        }
    }

    /// Whether it may begin behind blocks that others computed. One whose every logit is wanted computes all its tokens, and
    /// one that was swapped out has its own.
    var canAdopt: Bool { mayAdopt && table.blocks.isEmpty }

    private var mayAdopt: Bool {
        if case .score(_, lastOnly: false) = purpose { return false }
        if case .swapped = state { return false }
        return sharesPrefix
    }

    /// The same of one that has blocks, as long as others hold what is stored in them.
    var canAdoptMore: Bool { mayAdopt && table.indexed.tokenCount == table.tokenCount }

    /// It may take over blocks of fewer tokens than so many: those behind them must be computed, since logits are wanted.
    var adoptionLimit: Int { promptReport.map(\.next) ?? tokens.count }

    /// Nothing is to be said of the prompt any more.
    func dropPromptReport() { promptReport = nil }

    var generatedCount: Int { tokens.count - promptCount }

    func wantedLogits(afterRows rows: Int) -> WantedLogits {
        switch purpose {
        case .score(_, lastOnly: false): return .all
        case .score, .generate, .beam: break
        }
        if let promptReport {
            // The row of the token before the next one that is reported, and all behind it.
            let wanted = table.tokenCount + rows - max(table.tokenCount, promptReport.next - 1)
            return wanted > 0 ? .tail(wanted) : .none
        }
        return rows == pendingTokens ? .last : .none
    }
}
