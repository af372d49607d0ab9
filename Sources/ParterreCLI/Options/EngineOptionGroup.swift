public import ArgumentParser
import Foundation
public import Parterre

extension EngineOptions.Weights: ExpressibleByArgument {}
extension EngineOptions.PackedWeights: ExpressibleByArgument {}
extension EngineOptions.CacheFormat: ExpressibleByArgument {}
extension EngineOptions.Batching: ExpressibleByArgument {}
extension EngineOptions.Preemption: ExpressibleByArgument {}
extension LogitsMode: ExpressibleByArgument {}

/// How the engine is set up. None of these changes a bit of any text, but for the formats of the weights and of the cache
/// and the instruction set.
struct EngineOptionGroup: ParsableArguments {
    private static let defaults = EngineOptions()

    @Option(help: "Format of the weights in memory. auto keeps every bit: bf16 stays bf16, f32 and f16 become f32.")
    var weights: EngineOptions.Weights = defaults.weights

    @Option(
        help: ArgumentHelp(
            "Weights of a packed model: map the file, or copy them into memory, each NUMA node's part onto it. "
                + "auto: map on one node, copy on several.",
            valueName: "way"))
    var packedWeights: EngineOptions.PackedWeights = defaults.packedWeights

    @Option(help: "Format of cached keys and values. auto: f32 beside f32 weights, bf16 beside bf16, else int8.")
    var kvCache: EngineOptions.CacheFormat = defaults.kvCache

    @Option(help: ArgumentHelp("Tokens per cache block, a multiple of 16.", valueName: "tokens"))
    var blockSize: Int = defaults.blockSize

    @Option(
        help: ArgumentHelp(
            "Memory for keys and values: bytes (2GiB, 512MB), a share of the free memory (50%), or auto.",
            valueName: "amount"))
    var cacheMemory = MemoryAmount(defaults.cacheMemory)

    @Option(
        help: ArgumentHelp(
            "Memory beside it for sequences that must give up their blocks for a while, taken when it is used: bytes, 0 for "
                + "none, or auto (a quarter of the cache, 4 GiB at most).",
            valueName: "amount"))
    var swapSpace = SwapAmount(bytes: defaults.swapSpace)

    @Option(
        help:
            "What becomes of these: swap copies their blocks out and back, recompute computes them again. auto: the faster."
    )
    var preemption: EngineOptions.Preemption = defaults.preemption

    @Option(help: ArgumentHelp("Most sequences in one step.", valueName: "count"))
    var maxBatch: Int = defaults.maxBatch

    @Option(
        help: ArgumentHelp(
            "Most prompt tokens in one step, so that a long prompt holds up the others by no more than that. "
                + "auto: as many as make the best use of time, by what steps have cost so far.",
            valueName: "tokens"))
    var prefillChunk = PrefillChunk(tokens: defaults.prefillChunk)

    @Option(
        help: ArgumentHelp(
            "While texts are written, take on only as many prompt tokens in a step as it computes in about so many seconds, "
                + "so that a stream waits no longer for others' prompts; none: no bound. (default: 0.5 in serve, else none)",
            valueName: "seconds"))
    var stepTime: StepTime?

    @Option(
        help: ArgumentHelp(
            "Guess tokens ahead and verify several in a step; no text changes. ngram: from what followed the last tokens "
                + "before, in prompt or text; for texts that repeat themselves or their prompts.",
            valueName: "way"))
    var speculate: SpeculationWay = .none

    @Option(
        help: ArgumentHelp(
            "A smaller model of the same tokenizer that guesses tokens ahead, instead of --speculate.", valueName: "dir"
        ))
    var draftModel: String?

    @Option(
        help: ArgumentHelp(
            "Most tokens guessed ahead; how many are verified is chosen by what they are worth.", valueName: "count"))
    var draftTokens: Int = defaults.draftTokens

    @Flag(
        inversion: .prefixedNo,
        help: "Compute the first tokens that requests have in common once, and keep them while there is room.")
    var prefixCache: Bool = defaults.prefixCache

    @Option(help: ArgumentHelp("Worker threads. (default: one per core)", valueName: "count"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            """
            Instruction set: portable, avx2, avxvnni, avx512, avx512vnni, avx512bf16 or amx; on Arm portable, neon, neondot, \
            neoni8mm or neonbf16. (default: PARTERRE_ISA, else the best)
            """,
            valueName: "name"))
    var isa: String?

    func validate() throws {
        if draftModel != nil && speculate != .none {
            throw ValidationError("give --speculate or --draft-model, not both")
        }
    }

    var options: EngineOptions {
        var options = EngineOptions()
        options.weights = weights
        options.packedWeights = packedWeights
        options.kvCache = kvCache
        options.blockSize = blockSize
        options.cacheMemory = cacheMemory.value
        options.swapSpace = swapSpace.bytes
        options.preemption = preemption
        options.maxBatch = maxBatch
        options.prefillChunk = prefillChunk.tokens
        options.stepTime = stepTime?.duration
        options.speculation =
            draftModel.map { .draft(.directory(URL(filePath: $0, directoryHint: .isDirectory))) }
            ?? speculate.speculation
        options.draftTokens = draftTokens
        options.prefixCache = prefixCache
        options.threads = threads
        options.instructionSet = isa
        // Only who chats must be able to read the model's.
        options.chatTemplate = .none
        return options
    }
}
