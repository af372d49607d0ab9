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
    /// Most prompt tokens in one step.
    public var prefillChunk: Int

    public init(policy: BatchingPolicy, maxBatch: Int, prefillChunk: Int) {
        self.policy = policy
        self.maxBatch = maxBatch
        self.prefillChunk = prefillChunk
    }
}
