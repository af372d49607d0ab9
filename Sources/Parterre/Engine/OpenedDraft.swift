import Foundation
import Kernels
import Models
import PagedCache
import Scheduler
import Tokenizers

/// The draft model of `EngineOptions.Speculation.draft`, open and checked beside the model that it guesses for, before
/// anything is packed.
struct OpenedDraft {
    let model: OpenedModel
    /// `nil`: its tokenizer is the same file, byte for byte, or there is nothing to compare.
    private let otherTokenizer: URL?

    /// `nil` when no draft model is asked for.
    ///
    /// - Throws: a `UserFacingError` when its files are damaged, or its vocabulary is another.
    init?(_ speculation: EngineOptions.Speculation, beside target: OpenedModel) throws {
        guard case .draft(let source) = speculation else { return nil }
        model = try OpenedModel(source)
        let (sizes, wanted) = (model.configuration, target.configuration)
        guard sizes.vocabularySize == wanted.vocabularySize else {
            throw EngineError.draftModelDiffers(
                name: model.name,
                reason: "it has \(sizes.vocabularySize) tokens and \(target.name) has \(wanted.vocabularySize)")
        }
        if let own = model.tokenizerFile, let other = target.tokenizerFile,
            !FileManager.default.contentsEqual(atPath: own.path, andPath: other.path)
        {
            otherTokenizer = own
        } else {
            otherTokenizer = nil
        }
    }

    /// Compare what tokens stand for, where that takes reading a second tokenizer.
    ///
    /// - Throws: a `UserFacingError` when the two models' tokens differ.
    func check(against tokenizer: Tokenizer?) throws {
        guard let otherTokenizer, let tokenizer else { return }
        if let id = tokenizer.firstDifference(from: try Tokenizer(contentsOf: otherTokenizer)) {
            throw EngineError.draftModelDiffers(
                name: model.name, reason: "token \(id) is another in the two tokenizers")
        }
    }

    /// Pack its weights, in the format that is asked for the model too.
    func load(_ options: EngineOptions, crew: WorkerLanes, kernels: KernelSet) throws -> LoadedDraft {
        let weights = try model.weights.load(options, crew: crew, kernels: kernels) { _ in }
        let shape = model.configuration
        return LoadedDraft(
            weights: weights,
            layout: KeyValueLayout(
                layers: shape.layerCount, heads: shape.headCount, headDim: shape.headDim,
                blockTokens: options.blockSize, format: options.kvCache.format(beside: weights.format), crew: crew))
    }
}

/// A draft model's weights, and how its cache will lie.
struct LoadedDraft {
    let weights: BloomWeights
    let layout: KeyValueLayout

    /// Take its cache's memory.
    ///
    /// - Throws: `KernelError.outOfMemory`.
    func model(blocks: Int, crew: WorkerLanes, kernels: KernelSet) throws -> DraftModel {
        try DraftModel(
            model: Bloom(weights: weights, kernels: kernels),
            cache: PagedCache(layout: layout, blocks: blocks, crew: crew), crew: crew)
    }
}
