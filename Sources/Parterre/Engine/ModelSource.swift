public import Foundation
import Models
public import Scheduler

/// Where a checkpoint comes from.
public enum ModelSource: Sendable, Equatable {
    /// The small model that ships with Parterre.
    case bundled
    /// A directory as Hugging Face lays it out.
    case directory(URL)

    /// The sampling that the checkpoint's publisher recommends (`generation_config.json`); greedy where there is no such
    /// file. Reads that file alone.
    ///
    /// - Throws: a `UserFacingError` that names the file and the field.
    public func samplingDefaults() throws -> SamplingParameters {
        guard let url else { throw EngineError.bundledModelMissing }
        return SamplingParameters(try GenerationConfiguration(directory: url))
    }

    /// The directory to read, `nil` when the bundled model's resources are not beside the executable.
    public var url: URL? {
        switch self {
        case .bundled: Bundle.module.resourceURL?.appending(path: "default-model", directoryHint: .isDirectory)
        case .directory(let url): url
        }
    }
}
