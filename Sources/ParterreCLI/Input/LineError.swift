import Parterre

/// What is wrong with one line of input; the other lines go on.
struct LineError: Error, Equatable, Sendable {
    /// The field at fault, where there is one.
    var field: String?
    var reason: String

    init(_ reason: String, field: String? = nil) {
        self.field = field
        self.reason = reason
    }

    /// What the engine said about a request.
    init(_ error: any Error) {
        switch error {
        case let error as LineError: self = error
        case RequestError.invalid(let field, let reason): self.init(reason, field: field)
        case let error as any UserFacingError: self.init(error.message)
        default: self.init(String(describing: error))
        }
    }

    var message: String { field.map { "\($0): \(reason)" } ?? reason }
}

/// A line that cannot be served.
struct BadLine: Error, Equatable, Sendable {
    /// Counted from 1.
    var number: Int
    /// `nil` when the line gives none that can be read.
    var id: LineID?
    var form: LineForm
    var error: LineError
}

/// How a line asks, and so how it is answered.
enum LineForm: Equatable, Sendable {
    case native
    /// OpenAI's batch form; the model that the body names, if any.
    case openAIBatch(model: String?)
}
