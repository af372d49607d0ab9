import Forms
import Hummingbird
import HummingbirdCore
import Parterre

extension ServerCore {
    /// Answer whole or as a stream, as it is wanted.
    ///
    /// - Throws: `APIError` 429 or 503 where it is not taken on.
    func answer(_ run: CompletionRun<some AnswerForm>, _ context: ServerContext) async throws -> Response {
        guard run.wanted.stream else {
            return try await admitted(run, context) { try await run.whole(record: context.record) }
        }
        let client = try await context.disconnection()
        let gate = gate
        return CompletionStream(
            run, options: options, client: client, context: context, ticket: try enter(run, client),
            interruption: { gate.isDraining ? .stopped : .clientGone }
        )
        .response
    }
}

extension ServedModel {
    /// What is taken where a request says nothing.
    var defaults: RequestOptions {
        var defaults = RequestOptions(parameters: engine.samplingDefaults)
        // Whoever wants the same text again says so with a seed.
        defaults.parameters.seed = .random(in: .min ... .max)
        return defaults
    }
}
