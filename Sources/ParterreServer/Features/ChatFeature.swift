import Forms
import Hummingbird
import HummingbirdCore

/// `POST /v1/chat/completions`: says why a chat cannot be had. BLOOM was trained on running text and has no chat template; the
/// templates of models that have one are not rendered yet.
struct ChatFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.post("v1/chat/completions") { request, _ -> Response in
            let model = try core.host.model()
            let bytes = try await request.bytes(limit: core.options.limits.bodyBytes)
            let fields = try JSONObject.fields(of: bytes, called: "body")
            try model.check(try fields.string("model"))
            guard model.hasChatTemplate else {
                throw APIError(
                    .badRequest,
                    "\(model.name) has no chat template, so it cannot chat: write the text that it shall continue to "
                        + "/v1/completions",
                    param: "model", code: "no_chat_template")
            }
            throw APIError(
                .notImplemented,
                "this server does not render chat templates yet: write the text that \(model.name) shall continue to "
                    + "/v1/completions",
                param: "model", code: "chat_not_served")
        }
    }
}
