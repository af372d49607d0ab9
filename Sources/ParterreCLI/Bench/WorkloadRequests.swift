import Parterre

/// Sizes that a workload's name leaves open.
struct WorkloadSizes: Sendable, Equatable {
    /// Tokens of each prompt before decoding.
    var prompt = 128
    /// Steps that one run of decoding times.
    var steps = 64
    /// Timed runs.
    var runs = 3
    var seed: UInt64 = 0
    /// Prompt tokens in a step, about.
    var prefillChunk = 512
}

/// One request of a workload: a prompt of random tokens, and how many tokens to generate.
struct WorkloadRequest: Sendable, Equatable {
    var promptCount: Int
    var tokens: Int
    /// First tokens of the prompt that all requests have in common.
    var sharedCount = 0

    /// Tokens in the cache when it ends; the last one is never fed back.
    var cachedTokens: Int { promptCount + tokens - 1 }
}

extension Workload {
    /// Prompts and outputs of the mixed workload.
    static let mixedPrompts = 16...256
    static let mixedOutputs = 16...128
    /// Prompts and outputs of the crowded workload.
    static let crowdedPrompts = 16...64
    static let crowdedOutputs = 64...192

    /// Tokens that all prompts of the prefix workload begin with, those that follow, and its outputs.
    static let sharedPrefix = 1024
    static let prefixTail = 32
    static let prefixOutput = 16

    /// Rows that must decode in the same step; mixed requests share steps as the engine thinks best.
    var rows: Int {
        switch self {
        case .prefill, .mixed, .crowded, .prefix: 1
        case .decode(let batch), .long(_, let batch): batch
        }
    }

    /// What one session asks of the engine. Lengths depend on the seed alone, so every run has the same work.
    func requests(_ sizes: WorkloadSizes, contextIsRandom: Bool = true) -> [WorkloadRequest] {
        switch self {
        case .prefill(let tokens):
            return [WorkloadRequest(promptCount: tokens, tokens: 1)]
        case .decode(let batch):
            return DecodeSession(rows: batch, prompt: sizes.prompt, windows: 1, sizes).requests
        case .mixed(let count):
            return Self.requests(count, prompts: Self.mixedPrompts, outputs: Self.mixedOutputs, sizes)
        case .crowded(let count):
            return Self.requests(count, prompts: Self.crowdedPrompts, outputs: Self.crowdedOutputs, sizes)
        case .prefix(let requests):
            return Array(
                repeating: WorkloadRequest(
                    promptCount: Self.sharedPrefix + Self.prefixTail, tokens: Self.prefixOutput,
                    sharedCount: Self.sharedPrefix),
                count: requests)
        case .long(let context, let batch):
            return DecodeSession(
                rows: batch, prompt: context, windows: sizes.runs + 1, sizes, contextIsRandom: contextIsRandom
            ).requests
        }
    }

    private static func requests(
        _ count: Int, prompts: ClosedRange<Int>, outputs: ClosedRange<Int>, _ sizes: WorkloadSizes
    ) -> [WorkloadRequest] {
        var generator = WorkloadGenerator(seed: sizes.seed, stream: 0)
        return (0..<count).map { _ in
            WorkloadRequest(promptCount: generator.number(in: prompts), tokens: generator.number(in: outputs))
        }
    }

    /// - Throws: `CommandError.input` where given prompts are too few for the rows, or not as long as they must be, or of
    ///   no use.
    func check(_ prompts: [[TokenID]], _ sizes: WorkloadSizes) throws {
        if case .prefix = self {
            throw CommandError.input("\(name) makes prompts of its own, other ones in each run: leave --prompts out")
        }
        let requests = requests(sizes)
        guard prompts.count >= requests.count else {
            throw CommandError.input("\(name) has \(requests.count) rows, but there are \(prompts.count) prompts")
        }
        for (index, (prompt, request)) in zip(prompts, requests).enumerated()
        where prompt.count != request.promptCount {
            throw CommandError.input(
                "\(name): prompt \(index + 1) must have \(request.promptCount) tokens and has \(prompt.count)")
        }
    }

    /// Blocks of the cache with which no request has to wait for another; of a crowded workload a tenth, though enough for
    /// its longest request.
    func blocks(_ sizes: WorkloadSizes, blockSize: Int, contextIsRandom: Bool) -> Int {
        // One more each: a sequence is admitted only where every running one can still grow.
        let blocks = requests(sizes, contextIsRandom: contextIsRandom).map {
            ($0.cachedTokens + blockSize - 1) / blockSize + 1
        }
        let all = blocks.reduce(0, +)
        if case .crowded = self { return max(all / 10, blocks.max() ?? 0) }
        return all
    }
}

/// Rows that decode side by side, and in which stretches that is timed.
struct DecodeSession: Sendable, Equatable {
    var rows: Int
    var prompt: Int
    /// Stretches of `steps` steps, one after another.
    var windows: Int
    var steps: Int
    /// Tokens that a row may write while another's prompt is still being computed. Generous: rows leave once they have
    /// what is timed.
    var lead: Int

    init(rows: Int, prompt: Int, windows: Int, _ sizes: WorkloadSizes, contextIsRandom: Bool = false) {
        self.rows = rows
        self.prompt = prompt
        self.windows = windows
        steps = sizes.steps
        let chunks = ((contextIsRandom ? 1 : prompt) * rows + sizes.prefillChunk - 1) / sizes.prefillChunk
        lead = 4 * chunks + rows + 16
    }

    /// Tokens of a row, from the first one that all rows have, that the windows need.
    var timedTokens: Int { windows * steps + 1 }

    var requests: [WorkloadRequest] {
        Array(repeating: WorkloadRequest(promptCount: prompt, tokens: lead + timedTokens), count: rows)
    }
}

/// Seeded numbers for lengths and tokens (SplitMix64: Steele, Lea and Flood, 2014).
struct WorkloadGenerator {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 &+ stream &* 0x2545_F491_4F6C_DD1D }

    mutating func number(in range: ClosedRange<Int>) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return range.lowerBound + Int(z % UInt64(range.count))
    }

    /// Tokens of a vocabulary, none of BLOOM's four special ones where there are others.
    mutating func tokens(_ count: Int, vocabularySize: Int) -> [TokenID] {
        let ordinary = min(4, vocabularySize - 1)...vocabularySize - 1
        return (0..<count).map { _ in TokenID(number(in: ordinary)) }
    }
}
