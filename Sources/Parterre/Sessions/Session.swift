public import Basics
public import Scheduler

/// A text that grows: a conversation, a document, a common beginning of many texts.
///
/// It is a value. A copy is a fork: both go on from the same text, each its own way, and what was computed of the text they have
/// in common is not computed again but for its last tokens (the cache shares whole blocks). Nothing is computed twice by the
/// same law by which nothing changes: what a session answers is what a request with the whole text as its prompt answers.
///
/// A session asks the cache to keep its blocks longer than those of texts that nobody has in hand. That is a wish and no hold:
/// sessions take no room from running requests, however many there are, and one whose blocks had to go is computed again by
/// its next request.
public struct Session: Sendable {
    public let engine: Engine
    /// All of the text, as the model reads it.
    public private(set) var tokenIDs: [TokenID] { didSet { hold = PrefixHold(tokenIDs, of: engine.core) } }
    /// How the session's texts are drawn, unless they are told otherwise.
    public var parameters: SamplingParameters
    /// Of `tokenIDs`.
    private var hold: PrefixHold

    init(_ engine: Engine, _ tokens: [TokenID], _ parameters: SamplingParameters) {
        self.engine = engine
        self.parameters = parameters
        tokenIDs = tokens
        hold = PrefixHold(tokens, of: engine.core)
    }

    /// All of the text; empty where the model has no tokenizer.
    public var text: String { engine.tokenizer?.decode(tokenIDs) ?? "" }

    /// A second session that goes on from here; the same as a copy.
    public func fork() -> Session { self }

    /// Add text. It is tokenised by itself, and computed with the next request or by `prepare()`.
    ///
    /// - Throws: `RequestError.noTokenizer`.
    public mutating func append(_ text: String) throws { tokenIDs += try engine.tokens(of: .text(text)) }

    public mutating func append(_ tokens: [TokenID]) { tokenIDs += tokens }

    /// Add what was generated, but for an end token of the model.
    public mutating func append(_ completion: Completion) {
        var tokens = completion.tokenIDs
        if let last = tokens.last, engine.configuration.eosTokenIDs.contains(last.index) { tokens.removeLast() }
        tokenIDs += tokens
    }

    /// Compute the text now, so that requests that follow begin at its end, and keep it in the cache as long as can be.
    ///
    /// - Throws: `RequestError`; `CancellationError` when the task is cancelled.
    public func prepare() async throws {
        guard !tokenIDs.isEmpty else { return }
        // Computed for its keys and values alone: no token's log-probability is asked for.
        var request = GenerationRequest(.tokens(tokenIDs))
        request.parameters.maxTokens = 0
        request.promptLogprobs = 0
        request.promptLogprobsStart = tokenIDs.count
        _ = try await engine.complete(request)
        hold.renew()
    }

    /// Stream how the text goes on; the session itself stays as it is, so that the same text can go on in many ways.
    public func generate(
        _ parameters: SamplingParameters? = nil, n: Int = 1
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        engine.generate(GenerationRequest(.tokens(tokenIDs), parameters: parameters ?? self.parameters, n: n))
    }

    /// Wait for how the text goes on; `append` adds it, if it is to be added.
    ///
    /// - Throws: `RequestError`; `CancellationError` when the task is cancelled.
    public func complete(_ parameters: SamplingParameters? = nil) async throws -> Completion {
        let request = GenerationRequest(.tokens(tokenIDs), parameters: parameters ?? self.parameters)
        guard let completion = try await engine.complete(request).first else { throw CancellationError() }
        return completion
    }

    /// How likely the text goes on like this; the session stays as it is.
    public func score(_ continuation: String, alternatives: Int = 1) async throws -> TextScore {
        let tokens = try tokenIDs + engine.tokens(of: .text(continuation))
        return try await engine.score(.tokens(tokens), from: tokenIDs.count, alternatives: alternatives)
    }
}

extension Engine {
    /// Begin a session with a text that is computed when this returns.
    ///
    /// - Parameter parameters: `nil`: what the model recommends (`samplingDefaults`).
    /// - Throws: `RequestError`; `CancellationError` when the task is cancelled.
    public func session(_ text: Prompt, parameters: SamplingParameters? = nil) async throws -> Session {
        let session = Session(self, try tokens(of: text), parameters ?? samplingDefaults)
        try await session.prepare()
        return session
    }

    /// The same with text for the model's tokenizer.
    public func session(_ text: String, parameters: SamplingParameters? = nil) async throws -> Session {
        try await session(.text(text), parameters: parameters)
    }
}
