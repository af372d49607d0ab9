import Basics
import Foundation
import Kernels
import Logging
import Models
import PagedCache
import Scheduler
import TestSupport

/// How an engine is put together; none of it may change a bit.
struct Arrangement: CustomStringConvertible {
    var blockSize = 32
    var blocks = 64
    /// Seed of a random physical order of the blocks; `nil`: in order.
    var shuffle: UInt64?
    var policy = BatchingPolicy.continuous
    var maxBatch = 8
    /// `nil`: by what steps cost, which no bit may tell.
    var prefillChunk: Int? = 16
    /// Seconds that bound the chunk where the engine chooses it.
    var stepTime: Double?
    var threads = 2
    /// Blocks of the swap space.
    var swapSlots = 0
    var preemption = PreemptionMethod.auto
    /// Without it sequences are let in that will not find room to the end.
    var foresight = true
    var speculation = Speculation.none
    /// Blocks of a draft model's cache.
    var draftBlocks = 64
    /// Off, so that each road to a logit computes all by itself.
    var prefixCache = false
    /// How blocks are found by their tokens.
    var prefixHash = PrefixHash(scope: 0)

    static func random(using generator: inout SplitMix64) -> Arrangement {
        Arrangement(
            blockSize: [16, 32, 48, 64].randomElement(using: &generator)!, blocks: 64, shuffle: generator.next(),
            policy: Bool.random(using: &generator) ? .continuous : .static,
            maxBatch: Int.random(in: 1...9, using: &generator),
            prefillChunk: [1, 2, 7, 16, 33, 512, nil].randomElement(using: &generator)!,
            stepTime: [nil, 1e-6, 1e-3].randomElement(using: &generator)!,
            threads: [1, 2, 3, 5].randomElement(using: &generator)!, prefixCache: Bool.random(using: &generator))
    }

    var description: String {
        "blocks \(blocks)×\(blockSize) shuffled \(shuffle.map(String.init) ?? "no"), \(policy), batch \(maxBatch), "
            + "chunk \(prefillChunk.map(String.init) ?? "auto") in \(stepTime.map { "\($0) s" } ?? "any time"), \(threads) threads, \(swapSlots) slots, \(preemption), "
            + "foresight \(foresight), prefix cache \(prefixCache ? "on" : "off")"
    }
}

/// A checkpoint on disk, loaded into as many differently arranged engines as a test wants.
final class Rig {
    let shape: RandomCheckpoint
    let arithmetic: Arithmetic
    private let folder: TemporaryDirectory
    private let checkpoint: Checkpoint

    /// - Parameter arithmetic: by default that of the checkpoint's own elements.
    init(_ shape: RandomCheckpoint, _ arithmetic: Arithmetic? = nil) throws {
        self.shape = shape
        self.arithmetic =
            arithmetic
            ?? (shape.type == .bf16 ? Arithmetic(.bf16, keyValues: .bf16) : Arithmetic(.f32, keyValues: .f32))
        folder = try TemporaryDirectory()
        try shape.write(to: folder.url)
        checkpoint = try Checkpoint(directory: folder.url)
    }

    private func weights(crew: WorkerLanes, kernels: KernelSet) throws -> BloomWeights {
        try BloomWeights(
            checkpoint, format: arithmetic.weights, headFormat: arithmetic.head, crew: crew, kernels: kernels)
    }

    private func layout(_ arrangement: Arrangement, crew: WorkerLanes) -> KeyValueLayout {
        KeyValueLayout(
            layers: shape.layers, heads: shape.heads, headDim: shape.hidden / shape.heads,
            blockTokens: arrangement.blockSize, format: arithmetic.keyValues, crew: crew)
    }

    /// Run `body` with an engine; its lanes have ended when this returns.
    ///
    /// - Parameter draft: guesses tokens ahead, all of which are verified.
    func withEngine<T>(
        _ arrangement: Arrangement = Arrangement(), kernels name: String? = nil, draft: Rig? = nil,
        _ body: (BatchEngine) async throws -> T
    ) async throws -> T {
        let crew = try WorkerLanes(threads: arrangement.threads)
        let kernels = try KernelSet.select(named: name)
        let weights = try weights(crew: crew, kernels: kernels)
        let layout = layout(arrangement, crew: crew)
        let speculation =
            try draft.map { draft in
                let cache = try PagedCache(
                    layout: draft.layout(arrangement, crew: crew), blocks: arrangement.draftBlocks, crew: crew)
                let model = Bloom(weights: try draft.weights(crew: crew, kernels: kernels), kernels: kernels)
                return .draftModel(
                    try DraftModel(model: model, cache: cache, crew: crew), mostTokens: 5, isEager: true)
            } ?? arrangement.speculation
        var order = Array((0..<Int32(arrangement.blocks)).reversed())
        if let seed = arrangement.shuffle {
            var generator = SplitMix64(seed: seed)
            order.shuffle(using: &generator)
        }
        let cache = try PagedCache(
            layout: layout, allocator: BlockAllocator(freeOrder: order), crew: crew,
            prefixHash: arrangement.prefixHash)
        var options = SchedulingOptions(
            policy: arrangement.policy, maxBatch: arrangement.maxBatch, prefillChunk: arrangement.prefillChunk,
            prefixCache: arrangement.prefixCache)
        options.preemption = arrangement.preemption
        options.foresight = arrangement.foresight
        options.stepTime = arrangement.stepTime
        let swapSpace = try SwapSpace(
            layout: layout, bytes: arrangement.swapSlots * layout.bytesPerBlock, crew: crew)
        let engine = try BatchEngine(
            model: Bloom(weights: weights, kernels: kernels), crew: crew, cache: cache, swapSpace: swapSpace,
            options: options, speculation: speculation, logger: Logger(label: "test"))
        let result: Result<T, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutdown()
        return try result.get()
    }

    /// Token sequences of these lengths.
    func sequences(_ lengths: [Int], seed: UInt64) -> [[TokenID]] {
        var generator = SplitMix64(seed: seed)
        return lengths.map { length in
            (0..<length).map { _ in TokenID(Int.random(in: 4..<shape.vocabulary, using: &generator)) }
        }
    }
}
