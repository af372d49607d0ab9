package import Forms

/// One thing that is wrong with a batch's input.
package struct BatchFault: Codable, Equatable, Sendable {
    package enum Code: String, Codable, Sendable {
        case emptyFile = "empty_file"
        case tooManyRequests = "too_many_requests"
        case lineTooLong = "line_too_long"
        case invalidJSON = "invalid_json_line"
        case missingParameter = "missing_required_parameter"
        case unknownParameter = "unknown_parameter"
        case invalidValue = "invalid_value"
        case mismatchedEndpoint = "mismatched_endpoint"
        case duplicateID = "duplicate_custom_id"
        case inputGone = "input_file_gone"
    }

    package var code: Code
    package var message: String
    /// The line's field at fault.
    package var param: String?
    /// Of the input, counted from 1.
    package var line: Int?

    package init(_ code: Code, _ message: String, param: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.param = param
        self.line = line
    }

    package var json: JSON {
        .object([
            "code": .string(code.rawValue),
            "line": line.map(JSON.integer) ?? .null,
            "message": .string(message),
            "param": param.map(JSON.string) ?? .null,
        ])
    }
}
