public import Foundation
public import Models
public import Scheduler

/// Where a model comes from.
public enum ModelSource: Sendable, Equatable {
    /// The small model that ships with Parterre.
    case bundled
    /// A directory as Hugging Face lays it out.
    case directory(URL)
    /// Random weights of a given shape, made while it is loaded: for measuring, without a download. It has no tokenizer,
    /// so prompts must be token ids.
    case random(RandomModel)

    /// The sampling that the checkpoint's publisher recommends (`generation_config.json`); greedy where there is no such
    /// file. Reads that file alone.
    ///
    /// - Throws: a `UserFacingError` that names the file and the field.
    public func samplingDefaults() throws -> SamplingParameters {
        if case .random = self { return SamplingParameters() }
        return SamplingParameters(try GenerationConfiguration(directory: directory()))
    }

    /// The directory to read, `nil` for random weights and when the bundled model's resources are not beside the
    /// executable.
    public var url: URL? {
        switch self {
        case .bundled: Bundle.module.resourceURL?.appending(path: "default-model", directoryHint: .isDirectory)
        case .directory(let url): url
        case .random: nil
        }
    }

    /// - Throws: `EngineError` when there is none.
    func directory() throws(EngineError) -> URL {
        if let url { return url }
        if case .random(let model) = self { throw .modelWithoutFiles(model.name) }
        throw .bundledModelMissing
    }
}

/// A model of random weights; the same seed gives the same weights on any machine.
public struct RandomModel: Sendable, Equatable {
    /// What to call it.
    public var name: String
    public var configuration: BloomConfiguration
    public var seed: UInt64

    /// - Precondition: the configuration's sizes are positive and the heads divide the hidden size.
    public init(name: String, configuration: BloomConfiguration, seed: UInt64 = 0) {
        let sizes = [
            configuration.vocabularySize, configuration.hiddenSize, configuration.layerCount, configuration.headCount,
        ]
        precondition(sizes.allSatisfy { $0 > 0 }, "sizes are positive")
        precondition(configuration.hiddenSize.isMultiple(of: configuration.headCount), "heads divide the hidden size")
        self.name = name
        self.configuration = configuration
        self.seed = seed
    }

    public init(_ shape: BloomShape, seed: UInt64 = 0) {
        self.init(name: shape.name, configuration: shape.configuration, seed: seed)
    }
}
