public import Basics

/// Why a chat has no text.
public enum ChatTemplateError: UserFacingError, Equatable {
    /// The template cannot be read.
    case syntax(line: Int, String)
    /// It cannot be carried out with these messages.
    case rendering(line: Int, String)
    /// The messages are refused, by the template itself (`raise_exception`) or because they cannot be rendered as asked: the
    /// client's fault.
    case refused(String)
    /// The files that it should be read from are wrong.
    case file(String, String)

    public var message: String {
        switch self {
        case .syntax(let line, let reason): "The chat template cannot be read, line \(line): \(printable(reason))."
        case .rendering(let line, let reason): "The chat template fails in line \(line): \(printable(reason))."
        case .refused(let reason): reason.isEmpty ? "The chat template refuses these messages." : printable(reason)
        case .file(let name, let reason):
            "The file \(printable(name, limit: 150)) cannot be used: \(printable(reason))."
        }
    }
}
