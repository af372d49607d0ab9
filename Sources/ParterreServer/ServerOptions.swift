/// How a server listens and what it takes on. Every default works.
public struct ServerOptions: Sendable {
    /// Only this machine reaches the server unless told otherwise.
    public var host = "127.0.0.1"
    /// 0: any that is free.
    public var port = 8000
    /// What clients call the model; the first is how the server calls it. Empty: by the model's own name.
    public var modelNames: [String] = []
    /// Most sequences that wait for a place in the batch; a request that comes when so many wait gets a 429. `nil`: four
    /// times the batch.
    public var maxQueue: Int? = nil
    public var limits = RequestLimits()
    /// `nil`: everybody who reaches the server is served.
    public var keys: KeyRing? = nil
    /// `nil`: no files and no batches.
    public var batches: BatchServerOptions? = nil
    /// Whether `/metrics` needs no key.
    public var opensMetrics = false
    /// Whether there is a page at `/` to try the model on and to watch the batch, and `/live`, which it listens to.
    public var servesPage = true
    /// How long running requests may go on once the server is told to end.
    public var drainTime = Duration.seconds(30)
    public var maxConnections = 1024
    /// Bytes that the bodies of requests may take together while they are read, beside the first 64 KiB of each; at least
    /// `RequestLimits.bodyBytes`. A request that finds no room gets a 503.
    public var bodyMemory = 64 << 20
    /// A connection that says nothing for so long between requests, or within one, is closed.
    public var idleTime = Duration.seconds(75)
    /// How long, and how many bytes, a client that was answered before the end of its request may go on sending: they are thrown
    /// away, since it would lose the answer if the connection were closed at once.
    public var lingerTime = Duration.seconds(5)
    public var lingerBytes = 256 << 20
    /// Threads for the network; cores are the engine's.
    public var networkThreads = 1
    /// A stream without a token for so long says with a comment that it is alive.
    public var keepAliveTime = Duration.seconds(15)
    /// A client that takes nothing of its stream for so long is hung up on.
    public var stallTime = Duration.seconds(60)
    /// Most bytes of a stream that wait for its client; one that falls further behind is hung up on.
    public var streamBytes = 1 << 20

    public init() {}
}

/// What one request may ask for.
public struct RequestLimits: Sendable, Equatable {
    public var bodyBytes = 4 << 20
    /// Tokens of one prompt; `nil`: as many as the cache holds. Everybody waits for the steps of a very long one, which take
    /// several times as long, and it holds many blocks.
    public var promptTokens: Int? = 32768
    /// `max_tokens`; `nil`: as many as the cache holds.
    public var newTokens: Int? = nil
    /// Tokens of a chat's answer where the request does not say `max_tokens`: a model that finds no end must not write until the
    /// cache is full.
    public var chatTokens = 4096
    /// `n` and `best_of`.
    public var samples = 128
    /// Prompts times samples.
    public var sequences = 1024
    /// Of the answer, by what its tokens and log-probabilities take at most about; of a stream, of its echo.
    public var answerBytes = 64 << 20
    public var stopStrings = 16
    /// Of each stop string: what might begin one is held back, so a long one is a long wait.
    public var stopBytes = 1024

    public init() {}
}
