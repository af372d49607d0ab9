public import Basics
public import ChatTemplates
import Foundation
import Kernels
public import Logging
public import Metrics
public import Models
import PagedCache
public import Scheduler
public import Tokenizers

/// A loaded model that answers requests in batches. Make one and share it: every method may be called from any task.
public final class Engine: Sendable {
    /// Share of the weights that is packed, 0…1.
    public typealias LoadProgress = @Sendable (Double) -> Void

    /// `nil` when the model has no `tokenizer.json`; then prompts must be token ids.
    public let tokenizer: Tokenizer?
    /// `nil` when the model has none and `EngineOptions.chatTemplate` names none.
    public let chatTemplate: ChatTemplate?
    /// What the engine holds in memory and where it wants it.
    public let memoryPlan: MemoryPlan
    public let configuration: BloomConfiguration
    /// The sampling that the checkpoint's `generation_config.json` recommends; greedy where it has none.
    public let samplingDefaults: SamplingParameters
    /// The model's name: that of its folder.
    let name: String
    let instructionSet: String
    let threads: Int
    let gracePeriod: Duration?
    let core: BatchEngine
    let reporter: MetricsReporter?
    private let regions: [(name: String, region: NodeRegion)]

    /// Load a model: check its files, pack its weights, take the cache's memory.
    ///
    /// - Parameters:
    ///   - logger: told what happens; this library bootstraps no logging of its own.
    ///   - metrics: where `MetricName`'s metrics go; by default what `MetricsSystem` was bootstrapped with before this.
    ///   - progress: told how far packing is, now and then, on a thread of the library's.
    /// - Throws: a `UserFacingError` whose message names the file, tensor or option at fault.
    public static func load(
        _ model: ModelSource = .bundled, options: EngineOptions = EngineOptions(),
        logger: Logger = Logger(label: "parterre"), metrics: any MetricsFactory = MetricsSystem.factory,
        progress: LoadProgress? = nil
    ) async throws -> Engine {
        // Packing takes seconds and blocks: it has no place on a cooperative thread.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "parterre.load", qos: .userInitiated).async {
                continuation.resume(
                    with: Result {
                        try Engine(model, options: options, logger: logger, metrics: metrics, progress: progress)
                    })
            }
        }
    }

    private init(
        _ source: ModelSource, options: EngineOptions, logger: Logger, metrics: any MetricsFactory,
        progress: LoadProgress?
    ) throws {
        try options.validate()
        let kernels = try KernelSet.select(named: options.instructionSet)
        let model = try OpenedModel(source)
        try options.chatTemplate.check(for: source)
        samplingDefaults = model.samplingDefaults
        configuration = model.configuration
        let draft = try OpenedDraft(options.speculation, beside: model)
        name = model.name
        instructionSet = kernels.name
        gracePeriod = options.gracePeriod
        let reporter = MetricsReporter(metrics, model: model.name)
        self.reporter = reporter
        let tokenizer = model.tokenizerFile.map { file in SideTask { try Tokenizer(contentsOf: file) } }

        let crew = try WorkerLanes(threads: options.threads)
        threads = crew.count
        do {
            let weights = try model.weights.load(options, crew: crew, kernels: kernels) { share in
                progress?(share)
                try tokenizer?.check()
            }
            let shape = model.configuration
            let layout = KeyValueLayout(
                layers: shape.layerCount, heads: shape.headCount, headDim: shape.headDim,
                blockTokens: options.blockSize, format: options.kvCache.format(beside: weights.format), crew: crew)
            let draftWeights = try draft?.load(options, crew: crew, kernels: kernels)
            let blocks = try options.cacheMemory.blocks(
                of: layout, and: draftWeights?.layout, beside: weights, crew: crew)
            let draftModel = try draftWeights?.model(blocks: blocks, crew: crew, kernels: kernels)
            let scope = PrefixScope(
                model: shape, weights: weights.format, headWeights: weights.headFormat, keyValues: layout.format)
            let cache = try PagedCache(
                layout: layout, blocks: blocks, crew: crew, prefixHash: PrefixHash(scope: scope))
            let swapSpace = try options.swapSpace(beside: cache, crew: crew, logger: logger)
            core = try BatchEngine(
                model: Bloom(weights: weights, kernels: kernels), crew: crew, cache: cache, swapSpace: swapSpace,
                options: options.scheduling, speculation: options.guessing(with: draftModel), logger: logger,
                recordsTrace: options.recordsTrace, report: reporter?.report)
            memoryPlan = MemoryPlan(weights: weights, cache: cache, crew: crew)
            regions =
                weights.regions.map { ("weights", $0) } + cache.arenas.map { ("cache", $0) }
                + (swapSpace?.regions ?? []).map { ("swap", $0) }
            self.tokenizer = try tokenizer?.value()
            chatTemplate = try options.chatTemplate.load(
                for: source, specialTokens: model.configuration.specialTokens(of: self.tokenizer))
            try draft?.check(against: self.tokenizer)
        } catch {
            crew.stop()
            throw error
        }
        logger.debug(
            "model loaded",
            metadata: [
                "model": "\(model.name)", "instructionSet": "\(kernels.name)",
                "lanes": "\(crew.count)",
                "weights": "\(memoryPlan.weightFormat)", "cache": "\(memoryPlan.cacheFormat)",
                "cacheTokens": "\(memoryPlan.cacheTokens)",
            ])
    }

    deinit {
        let core = core
        // The lanes keep themselves alive until they are told to end.
        Task.detached { await core.shutdown() }
    }

    /// Submit a request. Ending the iteration early or cancelling its task cancels the request: its blocks are free
    /// within one step. A request that cannot be served makes the stream throw a `RequestError`.
    public func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        core.generate(request, tokenizer: tokenizer)
    }

    /// The same for measuring alone: the context may be computed whatever the cache has of it, or be random keys and values,
    /// so that decoding behind a long one can be timed without computing it.
    package func generate(
        _ request: GenerationRequest, context: BatchEngine.Context
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        core.generate(request, tokenizer: tokenizer, context: context)
    }

    /// Submit a request and wait for all its samples, in order of their index.
    public func complete(_ request: GenerationRequest) async throws -> [Completion] {
        var completions: [Completion] = []
        for try await case .finished(let completion) in generate(request) { completions.append(completion) }
        try Task.checkCancellation()
        return completions.sorted { $0.sample < $1.sample }
    }

    public func status() async -> EngineStatus { EngineStatus(await core.status()) }

    /// Float32 logits of the given sequences. `visit(sequence, position, logits)` is called for each wanted position,
    /// in ascending position order within a sequence (sequences may interleave), with `vocabularySize` logits that are
    /// valid during the call only. `lastOnly`: the last position of each alone.
    public func logits(
        of sequences: [[TokenID]], mode: LogitsMode, lastOnly: Bool = false,
        visit:
            @escaping @Sendable (_ sequence: Int, _ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) async throws {
        switch mode {
        case .uncached: try await core.scoreUncached(sequences, lastOnly: lastOnly, visit: visit)
        case .cached: try await core.scoreCached(sequences, lastOnly: lastOnly, visit: visit)
        case .batched: try await core.scoreBatched(sequences, lastOnly: lastOnly, visit: visit)
        case .padded: try await core.scorePadded(sequences, lastOnly: lastOnly, visit: visit)
        }
    }

    /// Rows of the embedding, the width of a logits row.
    public var vocabularySize: Int { configuration.vocabularySize }

    /// Most sequences in one step.
    public var maxBatch: Int { core.maxBatch }

    /// Where the pages of weights and cache really lie, one entry per region and node, asked of the kernel now.
    public func pagePlacement() -> [PagePlacement] { pagePlacement(sample: .max) }

    /// Weights and cache that the system put elsewhere than wanted, because a node was full. Looks at a sample of the
    /// pages, so that it takes milliseconds with any size of cache; with one node there is nothing to look at.
    public func strayPages() -> [StrayPages] {
        guard memoryPlan.nodes.count > 1 else { return [] }
        return pagePlacement(sample: 16384).compactMap { StrayPages($0) }
    }

    private func pagePlacement(sample: Int) -> [PagePlacement] {
        regions.map { name, region in
            let placement = region.placement(sample: sample)
            return PagePlacement(
                region: name, wantedNode: region.node,
                pagesByNode: placement.pagesByNode.mapValues { $0 * placement.pagesPerLook },
                absentPages: placement.absentPages * placement.pagesPerLook, unknown: placement.refusal)
        }
    }
}
