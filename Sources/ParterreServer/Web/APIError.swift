import Batches
package import Forms
package import HTTPTypes
import HummingbirdCore
import NIOHTTP1
import Parterre

/// What a client is told instead of an answer: a status and OpenAI's form of an error.
package struct APIError: Error, Sendable {
    package var status: HTTPResponse.Status
    package var answer: ErrorAnswer
    package var headers: HTTPFields = [:]

    package init(_ status: HTTPResponse.Status, _ answer: ErrorAnswer) {
        self.status = status
        self.answer = answer
    }

    /// - Parameters:
    ///   - message: one sentence: what is wrong, where, what to do.
    ///   - param: the field at fault.
    package init(_ status: HTTPResponse.Status, _ message: String, param: String? = nil, code: String? = nil) {
        let type: String =
            switch status.code {
            case 401: "authentication_error"
            case 429: "rate_limit_error"
            case 500...: "server_error"
            default: "invalid_request_error"
            }
        self.init(status, ErrorAnswer(message: message, type: type, param: param, code: code))
    }

    /// The same, to be tried again after so many seconds.
    package func retry(after seconds: Int) -> APIError {
        var error = self
        error.headers[.retryAfter] = String(seconds)
        return error
    }

    /// Whatever a route threw.
    package init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as FieldError: self.init(.badRequest, ErrorAnswer(error))
        case RequestError.invalid: self.init(.badRequest, ErrorAnswer(FieldError(error)))
        case RequestError.engineStopped, RequestError.engineDraining: self = .stopped
        // An engine may have a limit of its own, beside the server's.
        case RequestError.queueFull(let waiting):
            self = APIError(.tooManyRequests, RequestError.queueFull(waiting: waiting).message, code: "queue_full")
                .retry(after: 1)
        case let error as RequestError: self.init(.badRequest, error.message)
        case let error as ChatTemplateError: self.init(error)
        case let error as BatchesError: self.init(error)
        case let error as MultipartError: self.init(error)
        case is CancellationError: self = .clientGone
        case HTTPParserError.invalidEOFState: self = .clientGone
        default:
            self =
                APIError(malformed: error)
                ?? APIError(.internalServerError, "the server failed; its log says why")
        }
    }

    package static var stopped: APIError {
        APIError(.serviceUnavailable, "the server is shutting down", code: "shutting_down").retry(after: 5)
    }

    /// Nobody reads this but the log: nginx's status for a client that hung up.
    package static var clientGone: APIError {
        APIError(HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"), "the client hung up")
    }
}
