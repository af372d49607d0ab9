package import Forms

/// An endpoint whose requests may stand in OpenAI's batch files.
package enum BatchEndpoint: String, Codable, Sendable, CaseIterable {
    case completions = "/v1/completions"
    case chatCompletions = "/v1/chat/completions"
}

/// The body of a line in OpenAI's batch form, as its endpoint reads it.
package enum BatchBody: Equatable, Sendable {
    case completion(CompletionRequest)
    case chat(ChatRequest)

    /// - Parameter maxTokens: of a completion whose body does not say it.
    /// - Throws: `FieldError` that names the field at fault.
    package static func read(
        _ fields: FieldReader, for endpoint: BatchEndpoint, defaults: RequestOptions,
        maxTokens: Int = CompletionRequest.defaultMaxTokens
    ) throws -> BatchBody {
        let body: BatchBody =
            switch endpoint {
            case .completions:
                .completion(try CompletionRequest.read(fields, defaults: defaults, maxTokens: maxTokens))
            case .chatCompletions: .chat(try ChatRequest.read(fields, defaults: defaults))
            }
        if body.isStream { throw fields.error("stream", "is not served in a batch: its answer is whole") }
        return body
    }

    private var isStream: Bool {
        switch self {
        case .completion(let request): request.stream
        case .chat(let request): request.stream
        }
    }

    package var options: RequestOptions {
        get {
            switch self {
            case .completion(let request): request.options
            case .chat(let request): request.options
            }
        }
        set {
            switch self {
            case .completion(var request):
                request.options = newValue
                self = .completion(request)
            case .chat(var request):
                request.options = newValue
                self = .chat(request)
            }
        }
    }

    /// Generate all that it asks for and write it down as its endpoint does.
    ///
    /// - Parameter name: what traces call it.
    package func answer(by model: AnsweringModel, name: String) async throws -> JSON {
        switch self {
        case .completion(let wanted): try await CompletionRun(wanted, model: model, name: name).wholeAnswer().json
        case .chat(let wanted): try await CompletionRun(wanted, model: model, name: name).wholeAnswer().json
        }
    }
}
