import PagedCache

/// One sequence as it stands between two steps. Says nothing of its text: a name, a state and numbers alone.
public struct SequenceSnapshot: Sendable, Equatable {
    public enum State: String, Sendable {
        /// Has not run yet.
        case waiting
        /// Its prompt is being computed, or what it had before it lost its blocks.
        case prefill
        /// Writes its text.
        case decode
        /// Gave its blocks up and waits to be computed again.
        case preempted
        /// Gave its blocks up; what they held waits in the swap space.
        case swapped
    }

    /// Number of its request, in order of arrival; all its samples have the same.
    public var request: Int
    /// What the caller calls the request (`GenerationRequest.label`).
    public var label: String?
    /// Which of the request's samples or beams.
    public var sample: Int
    public var state: State
    public var promptTokens: Int
    public var generatedTokens: Int
    /// Most tokens that will be generated.
    public var tokenLimit: Int
    /// Blocks that it holds, shared ones included.
    public var blocks: Int
    /// Rows that the last step computed for it.
    public var lastRows: Int
}

extension SequenceSnapshot {
    init(_ sequence: ScheduledSequence, lastRows: Int) {
        request = sequence.arrival
        sample = 0
        switch sequence.purpose {
        case .generate(let own):
            (request, label, sample) = (own.request.id, own.request.label, own.index)
        case .beam(let group, let member):
            (request, label, sample) = (group.request.id, group.request.label, member)
        case .score: break
        }
        state =
            switch sequence.state {
            case .waiting, .finished: .waiting
            case .prefilling: .prefill
            case .decoding: .decode
            case .preempted: .preempted
            case .swapped: .swapped
            }
        promptTokens = sequence.promptCount
        generatedTokens = sequence.generatedCount
        tokenLimit = sequence.tokenLimit
        blocks = sequence.table.blocks.count
        self.lastRows = lastRows
    }
}
