import Basics
package import Forms
import Parterre

/// Why one request of a batch is not answered, as its endpoint would say it.
package struct RequestRefusal: Error {
    /// Of HTTP.
    package var status: Int
    package var answer: ErrorAnswer

    package init(status: Int, answer: ErrorAnswer) {
        self.status = status
        self.answer = answer
    }

    /// - Returns: `nil` for what is not the request's fault, but the end of all work.
    init?(_ error: any Error) {
        switch error {
        case is CancellationError, RequestError.engineStopped: return nil
        case let error as RequestRefusal: self = error
        case let error as FieldError: self.init(status: 400, answer: ErrorAnswer(error))
        case let error as any UserFacingError: self.init(status: 400, answer: ErrorAnswer(FieldError(error)))
        default:
            self.init(
                status: 500, answer: ErrorAnswer(message: "the server failed; its log says why", type: "server_error"))
        }
    }
}
