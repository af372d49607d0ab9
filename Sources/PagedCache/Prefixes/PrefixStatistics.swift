/// What sharing blocks between sequences has brought, since the cache was made.
public struct PrefixStatistics: Sendable, Equatable {
    /// Tokens of the sequences that looked for blocks to take over.
    public internal(set) var queriedTokens = 0
    /// Tokens of these whose blocks were taken over, so that nobody computed them again.
    public internal(set) var adoptedTokens = 0
    /// Indexed blocks that had no holder and made room for others.
    public internal(set) var evictions = 0
    /// Blocks that were given back because an equal one was indexed already.
    public internal(set) var duplicates = 0

    public init() {}
}
