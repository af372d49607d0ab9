import DequeModule

/// What a request's reader has not taken yet, in the order in which it happened: most of it tokens, which wait packed.
struct EventBuffer {
    private var backlog = TokenBacklog()
    /// Everything else, and how many tokens had come before it.
    private var others = Deque<(tokens: Int, event: GenerationEvent)>()
    private var appended = 0

    /// Tokens that wait.
    var tokens: Int { backlog.count }

    mutating func append(_ event: GenerationEvent) {
        guard case .token(let token) = event else { return others.append((appended, event)) }
        backlog.append(token)
        appended += 1
    }

    mutating func takeFirst() -> GenerationEvent? {
        if let other = others.first, other.tokens == appended - backlog.count {
            others.removeFirst()
            return other.event
        }
        return backlog.takeFirst().map { .token($0) }
    }
}
