import Forms
import Hummingbird
import HummingbirdCore
import Parterre

/// `POST /v1/completions`.
struct CompletionsFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.post("v1/completions") { request, context in try await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try core.host.model()
        let bytes = try await request.bytes(limit: core.options.limits.bodyBytes)
        var defaults = RequestOptions(parameters: model.engine.samplingDefaults)
        // Whoever wants the same text again says so with a seed.
        defaults.parameters.seed = .random(in: .min ... .max)
        let wanted = try CompletionRequest.parse(bytes, defaults: defaults)
        try model.check(wanted.model)
        let run = try CompletionRun(
            wanted, model: model, limits: core.options.limits, name: context.record.current.name)
        if wanted.stream { return try await stream(run, context) }
        return try await core.admitted(run, context) { try await run.whole(record: context.record) }
    }

    private func stream(_ run: CompletionRun, _ context: ServerContext) async throws -> Response {
        let client = try await context.disconnection()
        let gate = core.gate
        return CompletionStream(
            run, options: core.options, client: client, context: context, ticket: try core.enter(run, client),
            interruption: { gate.isDraining ? .stopped : .clientGone }
        )
        .response
    }
}
