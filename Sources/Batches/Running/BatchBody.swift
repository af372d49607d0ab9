package import Forms

/// The body of a batch's line, as its endpoint reads it.
package enum BatchBody: Equatable, Sendable {
    case completion(CompletionRequest)
    case chat(ChatRequest)

    /// - Throws: `FieldError` that names the field at fault.
    static func read(
        _ fields: FieldReader, for endpoint: BatchOrder.Endpoint, defaults: RequestOptions
    ) throws -> BatchBody {
        let body: BatchBody
        switch endpoint {
        case .completions: body = .completion(try CompletionRequest.read(fields, defaults: defaults))
        case .chatCompletions: body = .chat(try ChatRequest.read(fields, defaults: defaults))
        }
        if body.isStream { throw FieldError("is not served in a batch: its answer is whole", field: "stream") }
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
}
