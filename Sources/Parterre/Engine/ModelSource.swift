public import Foundation

/// Where a checkpoint comes from.
public enum ModelSource: Sendable, Equatable {
    /// The small model that ships with Parterre.
    case bundled
    /// A directory as Hugging Face lays it out.
    case directory(URL)

    /// The directory to read, `nil` when the bundled model's resources are not beside the executable.
    public var url: URL? {
        switch self {
        case .bundled: Bundle.module.resourceURL?.appending(path: "default-model", directoryHint: .isDirectory)
        case .directory(let url): url
        }
    }
}
