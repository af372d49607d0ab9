import Forms
import Hummingbird
import HummingbirdCore
import Parterre

extension ServerCore {
    /// Answer whole or as a stream, as it is wanted.
    ///
    /// - Throws: `APIError` 429 or 503 where it is not taken on.
    func answer(
        _ run: CompletionRun<some AnswerForm>, by model: ServedModel, _ context: ServerContext
    ) async throws -> Response {
        let batch = model.engine.maxBatch
        guard run.wanted.stream else {
            return try await admitted(run, batch: batch, context) {
                let (json, usage) = try await run.wholeAnswer()
                context.record.update {
                    $0.promptTokens = usage.promptTokens
                    $0.completionTokens = usage.completionTokens
                }
                return Response(json: json)
            }
        }
        let client = try await context.disconnection()
        let gate = gate
        return CompletionStream(
            run, options: options, client: client, context: context, ticket: try enter(run, batch: batch, client),
            interruption: { gate.isDraining ? .stopped : .clientGone }
        )
        .response
    }
}

extension ServedModel {
    var answering: AnsweringModel { AnsweringModel(engine, name: name) }

    /// What is taken where a request says nothing.
    var defaults: RequestOptions {
        var defaults = RequestOptions(parameters: engine.samplingDefaults)
        // Whoever wants the same text again says so with a seed.
        defaults.parameters.seed = .random(in: .min ... .max)
        return defaults
    }
}
