import Forms
import Hummingbird
import HummingbirdCore

/// `POST /v1/completions`.
struct CompletionsFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.post("v1/completions") { request, context in try await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try core.host.model()
        let bytes = try await request.bytes(limit: core.options.limits.bodyBytes)
        let wanted = try CompletionRequest.parse(bytes, defaults: model.defaults)
        try model.check(wanted.model)
        let run = try CompletionRun(
            wanted, model: model, limits: core.options.limits, name: context.record.current.name)
        return try await core.answer(run, by: model, context)
    }
}
