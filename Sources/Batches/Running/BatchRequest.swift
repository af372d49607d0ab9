import BatchFiles
import Forms
import Parterre

/// One request of a batch's input.
struct BatchRequest: Sendable {
    /// Of its line, counted from 1.
    var number: Int
    /// `nil` where the line has none that can be read, which its check would not have let through.
    var id: LineID?
    var body: Result<BatchBody, FieldError>
}

/// The requests of a batch's input, one at a time.
struct BatchRequests {
    private var lines: InputLines
    private let endpoint: BatchOrder.Endpoint
    private let defaults: RequestOptions

    init(_ lines: InputLines, endpoint: BatchOrder.Endpoint, defaults: RequestOptions) {
        self.lines = lines
        self.endpoint = endpoint
        self.defaults = defaults
    }

    mutating func next() async throws -> BatchRequest? {
        guard let line = try await lines.next() else { return nil }
        guard case .whole(let bytes) = line.content else {
            return BatchRequest(number: line.number, body: .failure(FieldError("the line is too long")))
        }
        do {
            let envelope = try InputEnvelope(bytes, endpoint: endpoint)
            return BatchRequest(number: line.number, id: .string(envelope.id), body: read(envelope))
        } catch {
            return BatchRequest(number: line.number, body: .failure(FieldError(error.message, field: error.param)))
        }
    }

    private func read(_ envelope: InputEnvelope) -> Result<BatchBody, FieldError> {
        var options = defaults
        options.parameters.seed = Self.seed(of: envelope.id)
        do {
            return .success(try BatchBody.read(envelope.body, for: endpoint, defaults: options))
        } catch {
            var error = FieldError(error)
            // As the endpoint itself names its fields.
            if let field = error.field, field.hasPrefix("body.") { error.field = String(field.dropFirst(5)) }
            return .failure(error)
        }
    }

    /// A line that asks for no seed has one all the same, so that its text is the same whenever the server died; and lines
    /// with the same prompt do not all get the same text. (FNV-1a.)
    static func seed(of id: String) -> UInt64 {
        id.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
