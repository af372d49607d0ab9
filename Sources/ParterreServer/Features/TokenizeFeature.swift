import Forms
import Hummingbird
import HummingbirdCore
import Parterre

/// `POST /tokenize` and `POST /detokenize`, in vLLM's form.
struct TokenizeFeature: Feature {
    let core: ServerCore

    func addRoutes(to routes: Routes) {
        routes.guarded.post("tokenize") { request, _ in try await tokenize(request) }
        routes.guarded.post("detokenize") { request, _ in try await detokenize(request) }
    }

    private func tokenize(_ request: Request) async throws -> Response {
        let names = ChatPrompt.names.union(["prompt", "add_special_tokens", "return_token_strs"])
        let (model, fields) = try await read(request, names)
        // BLOOM's tokenizer puts none in front, whatever is asked for.
        _ = try fields.bool("add_special_tokens")
        let tokens = try tokens(fields, model)
        var members: [JSON.Member] = [
            .init(name: "count", value: .integer(tokens.count)),
            .init(name: "max_model_len", value: .integer(model.contextLength)),
            .init(name: "tokens", value: .array(tokens.map { .integer($0.index) })),
        ]
        if try fields.bool("return_token_strs") == true, let tokenizer = model.engine.tokenizer {
            let texts = tokens.map { JSON.string(tokenizer.decode([$0], skipSpecialTokens: false)) }
            members.append(.init(name: "token_strs", value: .array(texts)))
        }
        return Response(json: .object(members))
    }

    /// Of a text, or of what the chat template makes of messages.
    private func tokens(_ fields: FieldReader, _ model: ServedModel) throws -> [TokenID] {
        guard let text = try fields.string("prompt") else {
            guard fields.has("messages") else { throw fields.error("prompt", "is missing (or messages)") }
            return try model.tokens(of: ChatPrompt.read(fields))
        }
        if let other = ChatPrompt.names.sorted().first(where: fields.has) {
            throw fields.error(other, "and prompt exclude each other")
        }
        return try model.answering.tokens(of: .text(text))
    }

    private func detokenize(_ request: Request) async throws -> Response {
        let (model, fields) = try await read(request, ["tokens"])
        guard let tokenizer = model.engine.tokenizer else { throw RequestError.noTokenizer }
        guard let tokens = try fields.tokenIDs("tokens") else { throw fields.error("tokens", "is missing") }
        if let stranger = tokens.first(where: { !(0..<model.engine.vocabularySize).contains($0.index) }) {
            throw fields.error("tokens", "\(stranger) is not a token of the model")
        }
        return Response(json: .object(["prompt": .string(tokenizer.decode(tokens, skipSpecialTokens: false))]))
    }

    private func read(_ request: Request, _ names: Set<String>) async throws -> (ServedModel, FieldReader) {
        let model = try core.host.model()
        let bytes = try await request.bytes(limit: core.options.limits.bodyBytes)
        let fields = try JSONObject.fields(of: bytes, called: "body")
        try fields.refuseAllBut(names.union(["model"]))
        try model.check(try fields.string("model"))
        return (model, fields)
    }
}
