import Forms
import Hummingbird
import HummingbirdCore

/// `GET /v1/models` and `GET /v1/models/{model}`, in OpenAI's form with vLLM's `max_model_len`.
struct ModelsFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.get("v1/models") { _, _ in
            let model = try core.host.model()
            return Response(
                json: .object(["object": "list", "data": .array(model.names.map { Self.form(model, name: $0) })]))
        }
        // A name may hold slashes, as Hugging Face's do.
        routes.guarded.get("v1/models/**") { _, context in
            let model = try core.host.model()
            let name = context.parameters.getCatchAll().joined(separator: "/")
            try model.check(name)
            return Response(json: Self.form(model, name: name))
        }
    }

    private static func form(_ model: ServedModel, name: String) -> JSON {
        .object([
            "id": .string(name),
            "object": "model",
            "created": .integer(model.created),
            "owned_by": "parterre",
            "root": .string(model.name),
            "parent": nil,
            "max_model_len": .integer(model.contextLength),
        ])
    }
}
