public import Basics
public import Logging
public import Scheduler
public import Tokenizers

/// A loaded model that answers requests in batches. Make one and share it: every method may be called from any task.
public final class Engine: Sendable {
    /// Share of the weights that is packed, 0…1.
    public typealias LoadProgress = @Sendable (Double) -> Void

    /// Load a model: check its files, pack its weights, take the cache's memory.
    ///
    /// - Throws: a `UserFacingError` whose message names the file, tensor or option at fault.
    public static func load(
        _ model: ModelSource = .bundled, options: EngineOptions = EngineOptions(),
        logger: Logger = Logger(label: "parterre"), progress: LoadProgress? = nil
    ) async throws -> Engine { fatalError("skeleton") }

    /// `nil` when the checkpoint has no `tokenizer.json`; then prompts must be token ids.
    public var tokenizer: Tokenizer? { fatalError("skeleton") }

    /// Submit a request. Ending the iteration early or cancelling its task cancels the request: its blocks are free
    /// within one step. A request that cannot be served makes the stream throw a `RequestError`.
    public func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        fatalError("skeleton")
    }

    /// Submit a request and wait for all its samples, in order of their index.
    public func complete(_ request: GenerationRequest) async throws -> [Completion] { fatalError("skeleton") }

    public func status() async -> EngineStatus { fatalError("skeleton") }

    /// Float32 logits of the given sequences. `visit(sequence, position, logits)` is called for each wanted position,
    /// in ascending position order within a sequence (sequences may interleave), with `vocabularySize` logits that are
    /// valid during the call only. `lastOnly`: the last position of each alone.
    public func logits(
        of sequences: [[TokenID]], mode: LogitsMode, lastOnly: Bool = false,
        visit: @escaping @Sendable (_ sequence: Int, _ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) async throws { fatalError("skeleton") }

    /// Rows of the embedding, the width of a logits row.
    public var vocabularySize: Int { fatalError("skeleton") }

    /// What the engine holds in memory and where it wants it.
    public var memoryPlan: MemoryPlan { fatalError("skeleton") }

    /// Where the pages of weights and cache really lie, one entry per region and node, asked of the kernel now.
    public func pagePlacement() -> [PagePlacement] { fatalError("skeleton") }

    /// Stop taking requests, fail the unfinished ones with `RequestError.engineStopped`, end the worker lanes.
    public func shutdown() async { fatalError("skeleton") }

    init() {}
}
