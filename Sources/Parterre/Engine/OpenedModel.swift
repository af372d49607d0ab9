import Foundation
import Kernels
import Models
import Scheduler
import Tokenizers

/// A model whose files are open and checked, before anything is packed.
struct OpenedModel {
    enum Weights {
        /// To be packed while they are loaded.
        case checkpoint(Checkpoint)
        case random(RandomWeights)
        /// Written by `parterre quantize`.
        case packed(PackedModel)
    }

    let name: String
    let weights: Weights
    let configuration: BloomConfiguration
    let samplingDefaults: SamplingParameters
    /// `nil` when the model has none.
    let tokenizerFile: URL?

    /// - Throws: a `UserFacingError` that names the file and the tensor.
    init(_ source: ModelSource) throws {
        if case .random(let model) = source {
            name = model.name
            weights = .random(RandomWeights(model.configuration, seed: model.seed))
            configuration = model.configuration
            samplingDefaults = SamplingParameters()
            tokenizerFile = nil
            return
        }
        let directory = try source.directory()
        name = directory.lastPathComponent
        if PackedModel.isPacked(directory) {
            let model = try PackedModel(directory: directory)
            weights = .packed(model)
            configuration = model.configuration
            samplingDefaults = SamplingParameters(model.generation)
        } else {
            let checkpoint = try Checkpoint(directory: directory)
            try checkpoint.validate()
            weights = .checkpoint(checkpoint)
            configuration = checkpoint.configuration
            samplingDefaults = SamplingParameters(checkpoint.generation)
        }
        let file = directory.appending(path: "tokenizer.json")
        tokenizerFile = FileManager.default.fileExists(atPath: file.path) ? file : nil
    }
}

extension OpenedModel.Weights {
    /// Bring the weights to where the lanes read them.
    ///
    /// - Throws: a `UserFacingError`; what `progress` throws.
    func load(
        _ options: EngineOptions, crew: WorkerLanes, kernels: KernelSet, progress: @escaping WorkProgress
    ) throws -> BloomWeights {
        func pack(_ source: any WeightSource) throws -> BloomWeights {
            let formats = options.weights.formats(for: source)
            return try BloomWeights(
                source, format: formats.layers, headFormat: formats.head, crew: crew, kernels: kernels,
                progress: progress)
        }
        switch self {
        case .checkpoint(let checkpoint): return try pack(checkpoint)
        case .random(let weights): return try pack(weights)
        case .packed(let model):
            try options.weights.check(isFormatOf: model)
            return try BloomWeights(model, options.packedWeights.placement(crew: crew), crew: crew, progress: progress)
        }
    }
}

extension EngineOptions.Weights {
    /// - Throws: `EngineError.badOption` where other weights are asked for than the packed model's.
    func check(isFormatOf model: PackedModel) throws(EngineError) {
        guard self == .auto || rawValue == model.format.rawValue else {
            throw .badOption(
                name: "weights",
                reason: "\(model.directory.lastPathComponent) holds packed \(model.format.rawValue) weights: leave the "
                    + "option out, or pack the checkpoint again with parterre quantize --weights \(rawValue)")
        }
    }
}

extension EngineOptions.PackedWeights {
    func placement(crew: WorkerLanes) -> PackedPlacement {
        switch self {
        // Pages of a file lie on whichever node read them first: with several nodes, each needs its own copy of its part.
        case .auto: crew.nodes.count > 1 && crew.machine.canPlace ? .copied : .mapped
        case .map: .mapped
        case .copy: .copied
        }
    }
}
