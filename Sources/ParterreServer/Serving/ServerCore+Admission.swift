import Forms
import Hummingbird
import HummingbirdCore
import Parterre

extension ServerCore {
    /// Take a request on and run `operation`, which is cancelled when the client hangs up and when a drain takes too long.
    ///
    /// - Throws: `APIError` 429 or 503 where it is not taken on.
    func admitted<Value: Sendable>(
        _ run: CompletionRun<some AnswerForm>, batch: Int, _ context: ServerContext,
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let client = try await context.disconnection()
        let ticket = try enter(run, batch: batch, client)
        // From here on the queue's length bounds what requests take.
        context.body?.release()
        do {
            return try await client.whileConnected {
                defer { withExtendedLifetime(ticket) {} }
                return try await operation()
            }
        } catch is CancellationError {
            throw gate.isDraining ? APIError.stopped : .clientGone
        }
    }

    func enter(
        _ run: CompletionRun<some AnswerForm>, batch: Int, _ client: DisconnectSignal
    ) throws(APIError) -> AdmissionGate.Ticket {
        try gate.enter(
            sequences: run.sequences, batch: batch, queue: options.maxQueue ?? 4 * batch, cancel: { client.fire() })
    }
}
