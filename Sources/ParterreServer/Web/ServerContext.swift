package import Hummingbird
import HummingbirdCore
import Logging
package import NIOCore
import Synchronization

/// What the server knows of a request beside the request.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    package let channel: any Channel
    /// Hummingbird's own `id` is in the logger's metadata, which not every log handler keeps.
    package let name = "req_\(RequestID())"
    /// What the request's body takes; set before any route is asked.
    package var body: BodyHold?
    /// Filled in while the request is answered, for the log.
    package let record = RequestRecord()

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// The client's word for the connection being closed.
    package func disconnection() async throws -> DisconnectSignal {
        let channel = channel
        return try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ConnectionWatch.self).signal
        }.get()
    }
}

/// What the log says of a request at its end.
package final class RequestRecord: Sendable {
    package struct Figures: Sendable {
        /// What the log and the client call the request.
        package var name = ""
        package var promptTokens = 0
        package var completionTokens = 0
        /// What went wrong once the head of the answer was sent.
        package var failure: String?
    }

    private let figures = Mutex(Figures())

    package func update(_ change: (inout Figures) -> Void) { figures.withLock { change(&$0) } }
    package var current: Figures { figures.withLock { $0 } }
}
