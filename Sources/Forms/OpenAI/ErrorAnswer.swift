/// OpenAI's form of an error: `{"error": {"message", "type", "param", "code"}}`.
package struct ErrorAnswer: Sendable {
    package var message: String
    package var type: String
    /// The field at fault.
    package var param: String?
    package var code: String?

    package init(message: String, type: String = "invalid_request_error", param: String? = nil, code: String? = nil) {
        self.message = message
        self.type = type
        self.param = param
        self.code = code
    }

    package init(_ error: FieldError) { self.init(message: error.message, param: error.field) }

    /// - Parameter line: of a batch's input, counted from 1.
    package func json(line: Int? = nil) -> JSON {
        var members: [JSON.Member] = [
            .init(name: "message", value: .string(message)),
            .init(name: "type", value: .string(type)),
            .init(name: "param", value: param.map(JSON.string) ?? .null),
            .init(name: "code", value: code.map(JSON.string) ?? .null),
        ]
        if let line { members.append(.init(name: "line", value: .integer(line))) }
        return .object(["error": .object(members)])
    }
}
