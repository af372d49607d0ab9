import Forms
import Hummingbird
import HummingbirdCore

/// `POST /v1/chat/completions`: a completion of the text that the model's chat template makes of the messages.
struct ChatFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.post("v1/chat/completions") { request, context in try await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try core.host.model()
        let bytes = try await request.bytes(limit: core.options.limits.bodyBytes)
        let fields = try JSONObject.fields(of: bytes, called: "body")
        try model.check(try fields.string("model"))
        // Whoever cannot chat here at all need not mend their messages first.
        try model.checkChats()
        let wanted = try ChatRequest.read(fields, defaults: model.defaults)
        let run = try CompletionRun(
            wanted, model: model, limits: core.options.limits, name: context.record.current.name)
        return try await core.answer(run, by: model, context)
    }
}
