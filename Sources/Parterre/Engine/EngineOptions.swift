public import Foundation
import Scheduler

/// How a model is loaded and served. Every default works.
public struct EngineOptions: Sendable, Equatable {
    /// The format that weight matrices are packed into.
    public enum Weights: String, Sendable, CaseIterable {
        /// No bit of the checkpoint is lost: bf16 stays bf16, f32 and f16 become f32.
        case auto
        case f32
        case bf16
        /// Whole numbers of 8 bits with a scale per output column; about a quarter of float32's memory.
        case int8
        /// Whole numbers of 4 bits with a scale per 32 weights; about a seventh of float32's memory.
        case int4
    }

    /// Where the weights of a packed model (`parterre quantize`) are read from.
    public enum PackedWeights: String, Sendable, CaseIterable {
        /// Mapped on one NUMA node; on several, copied.
        case auto
        /// The file's own pages in the system's page cache: loading copies nothing, and processes share them.
        case map
        /// Memory of the process's own in huge pages, each node's part on that node.
        case copy
    }

    /// The format that keys and values are cached in.
    public enum CacheFormat: String, Sendable, CaseIterable {
        /// float32 beside float32 weights, bf16 beside bf16, int8 beside narrower ones.
        case auto
        case f32
        /// Half of float32's memory, so that twice as many tokens fit, and read twice as fast.
        case bf16
        /// About half of bf16's: int8 with a scale for each token's key and value in each head.
        case int8
    }

    /// How sequences share steps.
    public enum Batching: String, Sendable, CaseIterable {
        /// Sequences join and leave between steps.
        case continuous
        /// The classic left-padded batch, which runs until its last row ends.
        case `static`
    }

    /// What becomes of a sequence that must give up its blocks; it changes no bit of its text.
    public enum Preemption: String, Sendable, CaseIterable {
        /// Whichever of the two below takes less time by what copies and steps have taken so far.
        case auto
        /// It is computed again from its tokens.
        case recompute
        /// Its keys and values are copied into the swap space, and back later; computed again where the space is full.
        case swap
    }

    /// Memory for keys and values.
    public enum CacheMemory: Sendable, Equatable {
        /// A share of what is free once the weights are loaded.
        case automatic
        case bytes(Int)
        /// A share of the memory that is free, in (0, 1].
        case share(Double)
    }

    /// Whether tokens are guessed ahead, so that one step verifies several of a sequence's at once. A guess counts only where
    /// it is the token that is drawn anyway: no text changes.
    public enum Speculation: Sendable, Equatable {
        case none
        /// From what followed the last tokens where they stood before, in prompt or text. Costs next to nothing, and helps
        /// where texts repeat themselves or their prompts.
        case promptLookup
        /// From a smaller model of the same tokenizer, which has a cache of its own beside the model's.
        case draft(ModelSource)
    }

    /// Where the chat template comes from, which writes a chat down as the text that the model was trained on.
    public enum ChatTemplateSource: Sendable, Equatable {
        /// The model's own, where it has one.
        case model
        /// A file of Jinja, whatever the model has.
        case file(URL)
        case none
    }

    /// A packed model has its format already; then `auto`, or that one.
    public var weights: Weights = .auto
    public var packedWeights: PackedWeights = .auto
    public var batching: Batching = .continuous
    public var kvCache: CacheFormat = .auto
    public var cacheMemory: CacheMemory = .automatic
    /// Tokens per cache block, a multiple of 16.
    public var blockSize: Int = 32
    /// Most sequences in one step.
    public var maxBatch: Int = 64
    /// Bytes beside the cache for keys and values of preempted sequences, taken when they are first used; 0: none; `nil`: a
    /// quarter of the cache's, 4 GiB at most, and no more than half of what the cache leaves free.
    public var swapSpace: Int? = nil
    public var preemption: Preemption = .auto
    /// For measuring alone: without it sequences run as soon as their prompts fit, see `SchedulingOptions.foresight`.
    package var foresight = true
    /// Most prompt tokens in one step, so that a long prompt holds up the others by no more than that; `nil`: as many as make
    /// the best use of time, by what steps have cost so far.
    public var prefillChunk: Int? = nil
    /// Where `prefillChunk` is `nil`: while texts are written, steps take on only as many prompt tokens as they compute in about
    /// this time, by what steps have cost so far (attention is not counted), so that other prompts hold up a stream by no more.
    /// Where a step takes half of it without them, as many as double it. `nil`: no bound, for the most tokens per second.
    public var stepTime: Duration? = nil
    public var speculation: Speculation = .none
    /// Most tokens that are guessed ahead for a sequence; how many of them a step verifies is chosen by what they are worth.
    public var draftTokens: Int = 8
    /// Whether requests whose first tokens are the same share what was computed of these, at the same time and later, as long
    /// as the cache has room. Changes no bit of any text.
    public var prefixCache: Bool = true
    /// Worker lanes; `nil`: one per core that this process may use.
    public var threads: Int? = nil
    /// `portable`, `avx2`, `avxvnni`, `avx512`, `avx512vnni`, `avx512bf16` or `amx`; on Arm `portable`, `neon`, `neondot`,
    /// `neoni8mm` or `neonbf16`; `nil`: `PARTERRE_ISA`, else the best. `amx` has bits of its own for bf16 weights.
    public var instructionSet: String? = nil
    /// Requests that may wait beyond those that the batch has places for; one more fails at once with `RequestError.queueFull`, for a
    /// server to answer 429. `nil`: any number, as a run over a file wants it.
    public var mostWaiting: Int? = nil
    /// Tokens of a request that may wait for its reader, so that a reader who has stopped holds no more memory than these take:
    /// 14 bytes each and their text. One for whom more wait gets `RequestError.readerTooSlow` behind them. Nobody else waits for a
    /// slow reader, and its blocks of the cache are free when its texts have ended, read or not.
    public var mostUnreadTokens = SchedulingOptions.defaultUnreadTokens
    /// How long the engine, when it runs as a service and is shut down gracefully, gives running requests to end; `nil`: as long
    /// as they take. What is left then fails with `RequestError.engineStopped`.
    public var gracePeriod: Duration? = nil
    public var chatTemplate: ChatTemplateSource = .model
    /// Write down what every step does, for `Engine.trace()`. Takes a few microseconds a step, and up to some hundred
    /// megabytes in a long run.
    public var recordsTrace: Bool = false

    public init() {}
}
