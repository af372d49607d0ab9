package import Forms
import Parterre

/// Where requests come from, one at a time.
package protocol RequestSource {
    mutating func next() async throws -> Result<RequestLine, BadLine>?
}

/// Prompts given as arguments; the first has the id 1.
package struct ArgumentRequests: RequestSource {
    private let lines: [RequestLine]
    private var index = 0

    package init(_ prompts: [String], defaults: RequestOptions) {
        lines = prompts.enumerated().map { index, prompt in
            RequestLine(
                number: index + 1, id: LineID(line: index + 1), content: .native(.text(prompt), defaults))
        }
    }

    package mutating func next() -> Result<RequestLine, BadLine>? {
        guard index < lines.count else { return nil }
        defer { index += 1 }
        return .success(lines[index])
    }
}

/// Requests from JSON lines. An id that came before makes a bad line.
package struct LineRequests: RequestSource {
    private var lines: InputLines
    private let defaults: RequestOptions
    private var seen: Set<LineID> = []

    package init(_ lines: InputLines, defaults: RequestOptions = RequestOptions()) {
        self.lines = lines
        self.defaults = defaults
    }

    package mutating func next() async throws -> Result<RequestLine, BadLine>? {
        guard let line = try await lines.next() else { return nil }
        switch line.content {
        case .tooLong(let bytes):
            let limit = LineSplitter.defaultLimit >> 20
            let error = FieldError("the line has \(bytes) bytes, more than the \(limit) MiB that are read")
            return .failure(BadLine(number: line.number, id: nil, form: .native, error: error))
        case .whole(let bytes):
            let parsed = RequestLine.parse(bytes, number: line.number, defaults: defaults)
            guard case .success(let request) = parsed else { return parsed }
            guard seen.insert(request.id).inserted else {
                let error = FieldError("an earlier line has this id", field: request.form.idField)
                return .failure(BadLine(number: line.number, id: request.id, form: request.form, error: error))
            }
            return parsed
        }
    }
}

extension LineForm {
    package var idField: String { self == .native ? "id" : "custom_id" }
}
