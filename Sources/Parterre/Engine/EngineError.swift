public import Basics

/// What can be wrong with the options that a model is loaded with.
public enum EngineError: UserFacingError, Equatable {
    case bundledModelMissing
    /// What was asked for reads a checkpoint's files, and this model of random weights has none.
    case modelWithoutFiles(String)
    /// Only packed models have checksums.
    case noChecksums(String)
    case badOption(name: String, reason: String)
    /// The draft model's tokens are not the model's.
    case draftModelDiffers(name: String, reason: String)
    /// The template's file, or the folder of the model that it comes with.
    case badChatTemplate(String, reason: String)
    case cacheTooSmall(bytes: Int, needed: Int)

    public var message: String {
        switch self {
        case .bundledModelMissing:
            "the default model is not beside the program (parterre_Parterre.resources): build it again, or name a model with --model"
        case .modelWithoutFiles(let name):
            "\(name) here is a shape with random weights, which has no files: name a checkpoint's folder with --model"
        case .noChecksums(let path):
            "--verify: \(path) is no packed model: only what parterre quantize writes has checksums"
        case .badOption(let name, let reason):
            "--\(name): \(reason)"
        case .draftModelDiffers(let name, let reason):
            "--draft-model: \(name) cannot guess for this model: \(reason): take a smaller model of the same tokenizer"
        case .badChatTemplate(let path, let reason): "\(path): \(reason)"
        case .cacheTooSmall(let bytes, let needed):
            "--cache-memory: \(bytes) bytes hold no block; one block of this model takes \(needed) bytes: "
                + "give more memory or a smaller --block-size"
        }
    }
}
