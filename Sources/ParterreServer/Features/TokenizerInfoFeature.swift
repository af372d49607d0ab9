import Hummingbird
import HummingbirdCore
import Parterre

/// `GET /tokenizer_info`, in vLLM's form.
struct TokenizerInfoFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.get("tokenizer_info") { _, _ in
            let model = try core.host.model()
            guard model.engine.tokenizer != nil else { throw RequestError.noTokenizer }
            return Response(text: model.tokenizerInfo.json, type: "application/json")
        }
    }
}
