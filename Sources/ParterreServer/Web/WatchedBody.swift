import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Puts a `WatchedBody` in front of every route.
struct BodyWatch: RouterMiddleware {
    let memory: BodyMemory

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let hold = BodyHold(memory)
        // The answer of a stream is there before its text is; the body is done with by then.
        defer { hold.release() }
        var (request, context) = (request, context)
        let inviting = request.headers[.expect] == nil ? nil : context.channel
        request.body = RequestBody(asyncSequence: WatchedBody(base: request.body, hold: hold, inviting: inviting))
        context.body = hold
        return try await next(request, context)
    }
}

/// A request's body that counts what has come of it; a client that waits to be asked for it is asked when somebody begins to
/// read it.
struct WatchedBody: AsyncSequence, Sendable {
    let base: RequestBody
    let hold: BodyHold
    /// `nil`: the client does not wait.
    let inviting: (any Channel)?

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), hold: hold, inviting: inviting)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: RequestBody.AsyncIterator
        fileprivate let hold: BodyHold
        fileprivate var inviting: (any Channel)?

        /// - Throws: `APIError` 503 where there is no room for what has come.
        mutating func next() async throws -> ByteBuffer? {
            inviting?.triggerUserOutboundEvent(BodyWanted(), promise: nil)
            inviting = nil
            guard let bytes = try await base.next() else { return nil }
            try hold.grow(by: bytes.readableBytes)
            return bytes
        }
    }
}

/// Goes down the pipeline when somebody is about to read a request's body.
struct BodyWanted: Sendable {}
