import BatchFiles
import Forms

/// What surrounds a request's body in a line of a batch's input.
struct InputEnvelope {
    static let longestID = 512

    var id: String
    var body: FieldReader

    /// - Throws: `BatchFault`, without the line's number.
    init(_ bytes: [UInt8], endpoint: BatchOrder.Endpoint) throws(BatchFault) {
        let fields: FieldReader
        do {
            fields = try JSONObject.fields(of: bytes, called: "line")
        } catch {
            throw BatchFault(.invalidJSON, error.message)
        }
        let names = ["custom_id", "method", "url", "body"]
        do {
            try fields.refuseAllBut(Set(names))
        } catch {
            throw BatchFault(.unknownParameter, error)
        }
        if let missing = names.first(where: { !fields.has($0) }) {
            throw BatchFault(.missingParameter, "\(missing): is missing", param: missing)
        }
        do {
            id = try fields.string("custom_id") ?? ""
            if id.isEmpty || id.utf8.count > Self.longestID {
                throw fields.error("custom_id", "must have between 1 and \(Self.longestID) bytes")
            }
            if try fields.string("method") != "POST" { throw fields.error("method", "must be POST") }
            guard let body = try fields.object("body") else { throw fields.error("body", "is missing") }
            self.body = body
        } catch {
            throw BatchFault(.invalidValue, error)
        }
        guard (try? fields.string("url")) == endpoint.rawValue else {
            let reason = "url: must be \(endpoint.rawValue), the batch's endpoint"
            throw BatchFault(.mismatchedEndpoint, reason, param: "url")
        }
    }
}

extension BatchFault: Error {
    fileprivate init(_ code: Code, _ error: any Error) {
        let error = FieldError(error)
        self.init(code, error.message, param: error.field)
    }
}
