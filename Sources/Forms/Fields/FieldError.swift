import Basics
import Parterre

/// What is wrong with one request as it was written; others go on.
package struct FieldError: Error, Equatable, Sendable {
    /// The field at fault, where there is one.
    package var field: String?
    package var reason: String

    package init(_ reason: String, field: String? = nil) {
        self.field = field
        self.reason = reason
    }

    /// What the engine said about a request.
    package init(_ error: any Error) {
        switch error {
        case let error as FieldError: self = error
        case RequestError.invalid(let field, let reason): self.init(reason, field: field)
        case let error as ChatTemplateError: self.init(error.message, field: "messages")
        case let error as any UserFacingError: self.init(error.message)
        default: self.init(String(describing: error))
        }
    }

    /// One sentence; a field may have any name.
    package var message: String { field.map { "\(printable($0, limit: 100)): \(reason)" } ?? reason }
}
