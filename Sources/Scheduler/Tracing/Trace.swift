/// What an engine did, step by step: which sequences each step ran, how long it took, and who held which block.
///
/// Columns of whole numbers instead of an object for each thing, and spans of steps instead of one entry a step, so that
/// fifty thousand steps of a full batch stay a few megabytes of JSON. Times are microseconds since the engine was loaded;
/// steps count from the first one that is kept.
public struct Trace: Sendable, Equatable, Codable {
    /// What changes when a reader of an earlier version could not read it.
    public static let currentFormat = 1

    public var format = Trace.currentFormat
    /// What ran, as names and values for people: the model, its formats, the machine.
    public var about: [Fact] = []
    public var settings: Settings
    /// Of the whole run, dropped steps included.
    public var totals = Totals()
    /// Steps before the first one that is kept: memory for a trace is bounded, and the oldest go first.
    public var droppedSteps = 0
    public var sequences: [Sequence] = []
    public var steps = Steps()
    public var runs = Runs()
    public var holdings = Holdings()
    public var cached = Cached()
    public var marks = Marks()

    public init(settings: Settings) { self.settings = settings }
}

extension Trace {
    public struct Fact: Sendable, Equatable, Codable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public struct Settings: Sendable, Equatable, Codable {
        public var blocks: Int
        public var blockTokens: Int
        /// Blocks that the swap space holds at most.
        public var swapSlots: Int
        public var maxBatch: Int
        public var batching: String
        /// `nil`: chosen for each step.
        public var prefillChunk: Int?
        /// Most steps that are kept.
        public var stepLimit: Int

        public init(
            blocks: Int, blockTokens: Int, swapSlots: Int = 0, maxBatch: Int, batching: String, prefillChunk: Int?,
            stepLimit: Int
        ) {
            self.blocks = blocks
            self.blockTokens = blockTokens
            self.swapSlots = swapSlots
            self.maxBatch = maxBatch
            self.batching = batching
            self.prefillChunk = prefillChunk
            self.stepLimit = stepLimit
        }
    }

    public struct Totals: Sendable, Equatable, Codable {
        public var steps = 0
        /// Rows of prompts that were computed, those computed again included.
        public var promptTokens = 0
        public var generatedTokens = 0
        public var preemptions = 0
        /// Of these, those whose blocks were swapped out.
        public var swaps = 0
        /// Tokens of sequences that looked for blocks to take over, and those of them that they found.
        public var queriedTokens = 0
        public var adoptedTokens = 0
        /// Cached blocks that made room for others.
        public var evictions = 0

        public init() {}
    }

    /// One sample of a request.
    public struct Sequence: Sendable, Equatable, Codable {
        /// Number of the request, in order of arrival; its samples have the same.
        public var request: Int
        /// What the caller calls the request.
        public var label: String?
        public var sample: Int
        public var promptTokens: Int
        public var generatedTokens = 0
        public var arrived: Int
        /// `nil` while it is not done.
        public var ended: Int?
        /// Why it ended: `stop`, `length`, `cancelled`; `nil` where nothing was generated.
        public var reason: String?

        public init(request: Int, label: String?, sample: Int, promptTokens: Int, arrived: Int) {
            self.request = request
            self.label = label
            self.sample = sample
            self.promptTokens = promptTokens
            self.arrived = arrived
        }
    }
}
