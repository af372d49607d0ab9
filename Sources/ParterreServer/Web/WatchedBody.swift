import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Puts a `WatchedBody` in front of every route.
struct BodyWatch: RouterMiddleware {
    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var request = request
        let inviting = request.headers[.expect] == nil ? nil : context.channel
        request.body = RequestBody(asyncSequence: WatchedBody(base: request.body, inviting: inviting))
        return try await next(request, context)
    }
}

/// A request's body; a client that waits to be asked for it is asked when somebody begins to read it.
struct WatchedBody: AsyncSequence, Sendable {
    let base: RequestBody
    /// `nil`: the client does not wait.
    let inviting: (any Channel)?

    func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator(), inviting: inviting) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: RequestBody.AsyncIterator
        fileprivate var inviting: (any Channel)?

        mutating func next() async throws -> ByteBuffer? {
            inviting?.triggerUserOutboundEvent(BodyWanted(), promise: nil)
            inviting = nil
            return try await base.next()
        }
    }
}

/// Goes down the pipeline when somebody is about to read a request's body.
struct BodyWanted: Sendable {}
