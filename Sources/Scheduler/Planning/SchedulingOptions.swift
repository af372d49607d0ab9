/// How sequences share steps.
public enum BatchingPolicy: String, Sendable, CaseIterable {
    /// Sequences join and leave between steps.
    case continuous
    /// The classic left-padded batch, which runs until its last row ends.
    case `static`
}

/// The scheduler's limits.
public struct SchedulingOptions: Sendable, Equatable {
    public var policy: BatchingPolicy
    /// Most sequences in one step.
    public var maxBatch: Int
    /// Most prompt tokens in one step; `nil`: chosen for each step by what steps have cost so far.
    public var prefillChunk: Int?
    /// Where the chunk is chosen: about how many seconds a step with decoding rows may take for its prompt rows' sake; `nil`: any.
    public var stepTime: Double?
    /// Whether sequences whose first tokens are the same share the blocks of these.
    public var prefixCache: Bool
    public var preemption = PreemptionMethod.auto
    /// Whether a sequence waits until it will probably run for so long that it was worth to begin; otherwise it waits for its
    /// own tokens' blocks alone, and more are preempted later.
    public var foresight = true

    /// Tokens that may wait for a request's reader; one for whom more wait is too slow, and its request ends.
    public var mostUnreadTokens = Self.defaultUnreadTokens

    /// About a megabyte for each request whose reader has stopped.
    public static let defaultUnreadTokens = 65_536

    /// Requests that may wait beyond those that the batch has places for; one more is refused. `nil`: any number.
    public var mostWaiting: Int?

    /// Prompt tokens that a step of chosen size has room for, beside a row for each sequence.
    static let chosenRoom = 512

    public init(policy: BatchingPolicy, maxBatch: Int, prefillChunk: Int?, prefixCache: Bool = true) {
        self.policy = policy
        self.maxBatch = maxBatch
        self.prefillChunk = prefillChunk
        self.prefixCache = prefixCache
    }

    /// Prompt tokens that always fit into a step.
    var promptRoom: Int { prefillChunk ?? Self.chosenRoom }

    /// Most rows of a step.
    var mostRows: Int { promptRoom + maxBatch }
}
