import Forms
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Server-sent events as OpenAI sends them.
enum EventStream {
    static let headers: HTTPFields = {
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
        // nginx holds answers back unless told otherwise.
        if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
        return headers
    }()

    static let done = "data: [DONE]\n\n"
    /// A comment, which clients skip.
    static let keepAlive = ": keep-alive\n\n"

    static func event(_ json: JSON) -> String { "data: \(json.line)\n\n" }
}
