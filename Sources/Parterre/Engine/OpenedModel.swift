import Foundation
import Models
import Scheduler
import Tokenizers

/// A model whose files are open and checked, before anything is packed.
struct OpenedModel {
    let name: String
    let weights: any WeightSource
    let samplingDefaults: SamplingParameters
    let tokenizer: Tokenizer?

    /// - Throws: a `UserFacingError` that names the file and the tensor.
    init(_ source: ModelSource) throws {
        if case .random(let model) = source {
            name = model.name
            weights = RandomWeights(model.configuration, seed: model.seed)
            samplingDefaults = SamplingParameters()
            tokenizer = nil
            return
        }
        let directory = try source.directory()
        let checkpoint = try Checkpoint(directory: directory)
        try checkpoint.validate()
        name = directory.lastPathComponent
        weights = checkpoint
        samplingDefaults = SamplingParameters(checkpoint.generation)
        let file = directory.appending(path: "tokenizer.json")
        let hasTokenizer = FileManager.default.fileExists(atPath: file.path)
        tokenizer = hasTokenizer ? try Tokenizer(contentsOf: file) : nil
    }
}
