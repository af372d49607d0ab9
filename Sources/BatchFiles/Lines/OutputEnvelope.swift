package import Forms

/// What surrounds an answer in OpenAI's batch form.
package struct OutputEnvelope {
    package var customID: LineID?

    package init(customID: LineID?) { self.customID = customID }

    /// A line that was answered, or refused with an error as its body.
    package func response(status: Int, body: JSON) -> JSON {
        .object([
            "id": .string("batch_req_" + UniqueName.make()),
            "custom_id": customID?.json ?? .null,
            "response": .object([
                "status_code": .integer(status),
                "request_id": .string("req_" + UniqueName.make()),
                "body": body,
            ]),
            "error": nil,
        ])
    }

    /// A line that was not tried.
    ///
    /// - Parameter code: OpenAI's, `batch_expired` or `batch_cancelled`.
    package func untried(code: String, message: String, line: Int) -> JSON {
        .object([
            "id": .string("batch_req_" + UniqueName.make()),
            "custom_id": customID?.json ?? .null,
            "response": nil,
            "error": .object([
                "code": .string(code),
                "message": .string(message),
                "line": .integer(line),
            ]),
        ])
    }
}
