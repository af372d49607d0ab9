/// Why a chat has no text.
public enum ChatTemplateError: Error, Equatable, Sendable {
    /// The template cannot be read.
    case syntax(line: Int, String)
    /// It cannot be carried out with these messages.
    case rendering(line: Int, String)
    /// The template itself refuses the messages (`raise_exception`): the client's fault.
    case refused(String)
    /// The files that it should be read from are wrong.
    case file(String, String)

    public var message: String { "" }
}
