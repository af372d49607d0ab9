import BatchFiles
import Forms

extension BatchOrder {
    /// Read the body of `POST /v1/batches`.
    ///
    /// - Throws: `FieldError`.
    package init(json bytes: [UInt8]) throws {
        let fields = try JSONObject.fields(of: bytes, called: "body")
        try fields.refuseAllBut(["input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"])
        inputFile = FileID(rawValue: try fields.required("input_file_id"))
        guard let endpoint = Endpoint(rawValue: try fields.required("endpoint")) else {
            let served = Endpoint.allCases.map(\.rawValue).joined(separator: " or ")
            throw fields.error("endpoint", "must be \(served): nothing else is served in batches")
        }
        self.endpoint = endpoint
        guard let window = CompletionWindow(try fields.required("completion_window")) else {
            throw fields.error(
                "completion_window", "must be a number of minutes, hours or days up to 30d, such as 24h")
        }
        self.window = window
        metadata = try fields.metadata("metadata")
        resultsExpireAfter = try fields.object("output_expires_after").map { try FileExpiry.read($0) }
    }
}

extension FieldReader {
    fileprivate func required(_ name: String) throws -> String {
        guard let value = try string(name) else { throw error(name, "is missing") }
        return value
    }

    /// OpenAI's limits: 16 pairs, keys of 64 characters, values of 512.
    fileprivate func metadata(_ name: String) throws -> [String: String]? {
        guard let pairs = try read([String: String].self, name, wanted: "an object of strings") else { return nil }
        if pairs.count > 16 { throw error(name, "may hold at most 16 pairs, but holds \(pairs.count)") }
        if pairs.keys.contains(where: { $0.count > 64 }) { throw error(name, "has a key of more than 64 characters") }
        if pairs.values.contains(where: { $0.count > 512 }) {
            throw error(name, "has a value of more than 512 characters")
        }
        return pairs
    }
}
