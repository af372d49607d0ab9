extension Trace {
    /// One entry a step.
    public struct Steps: Sendable, Equatable, Codable {
        public var begin: [Int] = []
        /// From planning to the last event sent.
        public var duration: [Int32] = []
        /// Of that, all layers but for their attention.
        public var layers: [Int32] = []
        public var attention: [Int32] = []
        /// The head and the choice of tokens.
        public var head: [Int32] = []
        /// Sequences that waited while it ran.
        public var waiting: [Int32] = []
        /// Blocks that a sequence held.
        public var blocks: [Int32] = []
        /// Blocks without a holder whose content was kept.
        public var cached: [Int32] = []
        /// Slots of the swap space that were in use.
        public var swapped: [Int32] = []

        public var count: Int { begin.count }
    }

    /// What a step does with a sequence.
    public enum Work: Int32, Sendable, Codable {
        /// Its prompt is computed.
        case prefill
        /// One row, and rows of drafted tokens after it.
        case decode
        /// Its first token is drawn from the row of the sequence that it forks from.
        case fork
        /// What it had before it lost its blocks is computed again.
        case recompute
    }

    /// The same work of a sequence in consecutive steps.
    public struct Runs: Sendable, Equatable, Codable {
        /// Of `sequences`.
        public var sequence: [Int32] = []
        public var step: [Int32] = []
        public var count: [Int32] = []
        /// In each of the steps.
        public var rows: [Int32] = []
        /// `Work.rawValue`.
        public var work: [Int32] = []
        /// Drawn in each of the steps.
        public var tokens: [Int32] = []
    }

    /// A sequence holds a physical block as its `logical`th from one step up to another. A block that several hold at the same
    /// time is shared.
    public struct Holdings: Sendable, Equatable, Codable {
        public var sequence: [Int32] = []
        public var logical: [Int32] = []
        public var block: [Int32] = []
        public var from: [Int32] = []
        /// The first step that it is no longer held in; the number of steps where it is held to the end.
        public var until: [Int32] = []
    }

    /// A block that nobody holds keeps its content, from one step up to another.
    public struct Cached: Sendable, Equatable, Codable {
        public var block: [Int32] = []
        /// Who held it last.
        public var sequence: [Int32] = []
        public var from: [Int32] = []
        /// The first step that it is held or free again; the number of steps where it is cached to the end.
        public var until: [Int32] = []
        /// `Fate.rawValue`.
        public var fate: [Int32] = []
    }

    /// What becomes of a cached block.
    public enum Fate: Int32, Sendable, Codable {
        /// It stays.
        case kept
        /// A sequence that begins with its tokens takes it over.
        case adopted
        /// Its room is given to others.
        case evicted
    }

    public enum Happening: Int32, Sendable, Codable {
        /// The sequence lost its blocks; they are recomputed later.
        case preempted
        /// It took a share of all blocks of sequence number `detail`.
        case forked
        /// It copied shared block `detail` to write into a block of its own.
        case copied
        /// It was let in and took over cached or shared blocks of `detail` tokens, which it then need not compute.
        case adopted
        /// It lost its blocks, and what they held went into `detail` slots of the swap space.
        case swappedOut
        /// What `detail` slots held came back into blocks of its own.
        case swappedIn
    }

    /// What happens at a moment, right before the step is computed.
    public struct Marks: Sendable, Equatable, Codable {
        public var step: [Int32] = []
        public var sequence: [Int32] = []
        /// `Happening.rawValue`.
        public var what: [Int32] = []
        public var detail: [Int32] = []
    }
}
