public import Basics

/// What can be wrong with a checkpoint: always the file, and the tensor where there is one.
public enum CheckpointError: UserFacingError, Equatable {
    case noDirectory(String)
    case notADirectory(String)
    /// A file that must be there is not; `hint` says what to do.
    case missingFile(String, hint: String)
    /// The system refuses to open or read the file.
    case unreadable(file: String, reason: String)
    /// The file as a whole, or one field of it, breaks its format.
    case malformed(file: String, problem: String)
    /// One tensor's description breaks the format, or contradicts another file.
    case malformedTensor(String, file: String, problem: String)
    /// `found` is the value of `model_type` or `architectures`.
    case unsupportedArchitecture(file: String, found: String)
    case missingTensor(tried: [String], files: [String])
    case ambiguousTensor(names: [String], files: [String])
    case wrongShape(tensor: String, file: String, expected: [Int], found: [Int])
    case unsupportedType(tensor: String, file: String, type: String)
    /// A file that Parterre writes cannot be written.
    case unwritable(file: String, reason: String)

    public var message: String {
        switch self {
        case .noDirectory(let path):
            "\(printable(path)): there is no such directory: give the folder that holds config.json and the safetensors files"
        case .notADirectory(let path):
            "\(printable(path)) is not a directory: give the folder that holds config.json and the safetensors files"
        case .missingFile(let path, let hint):
            "\(printable(path)): there is no such file: \(hint)"
        case .unreadable(let file, let reason):
            "\(printable(file)): cannot be read: \(reason)"
        case .malformed(let file, let problem):
            "\(printable(file)): \(problem)"
        case .malformedTensor(let name, let file, let problem):
            "\(printable(file)): tensor \(quoted(name)) \(problem)"
        case .unsupportedArchitecture(let file, let found):
            "\(printable(file)): the architecture \(quoted(found)) is not supported: Parterre runs BLOOM checkpoints only"
        case .missingTensor(let tried, let files):
            "\(list(files)): there is no tensor \(tried.map(quoted).joined(separator: " or ")): "
                + "the checkpoint is incomplete or does not match its config.json"
        case .ambiguousTensor(let names, let files):
            "\(list(files)): the tensor is there more than once, as \(names.map(quoted).joined(separator: " and ")): "
                + "remove one of them"
        case .wrongShape(let tensor, let file, let expected, let found):
            "\(printable(file)): tensor \(quoted(tensor)) has the shape \(printable(found)), but config.json "
                + "asks for \(printable(expected))"
        case .unsupportedType(let tensor, let file, let type):
            "\(printable(file)): tensor \(quoted(tensor)) has the type \(type): weights must be F32, F16 or BF16"
        case .unwritable(let file, let reason):
            "\(printable(file)): cannot be written: \(reason)"
        }
    }

    private func list(_ files: [String]) -> String {
        let shown = files.prefix(3).map { printable($0) }.joined(separator: ", ")
        return files.count > 3 ? "\(shown) and \(files.count - 3) more files" : shown
    }
}

/// A shape out of a file, which may have millions of dimensions.
func printable(_ shape: [Int]) -> String {
    shape.count <= 8 ? "\(shape)" : "[\(shape.prefix(8).map(String.init).joined(separator: ", ")), …]"
}
