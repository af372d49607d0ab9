import Forms
import Foundation

/// What one line of an output file says has been done.
package enum OutputRecord: Equatable {
    /// A sample in the native form.
    case sample(LineID, index: Int)
    /// An answer in OpenAI's batch form.
    case answer(LineID)
    /// A line that could not be answered, in either form.
    case failure(LineID?, line: Int)

    package var isFailure: Bool {
        if case .failure = self { true } else { false }
    }

    /// - Returns: `nil` when this is no line that `parterre generate` writes.
    package init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil,
            let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes))
        else { return nil }
        if let response = fields.response {
            switch response.body?.error {
            case let error?: self = .failure(fields.customID, line: error.line ?? 0)
            case nil:
                guard let id = fields.customID else { return nil }
                self = .answer(id)
            }
        } else if let id = fields.customID, let error = fields.error {
            self = .failure(id, line: error.line ?? 0)
        } else if let line = fields.line, fields.error != nil {
            self = .failure(fields.id, line: line)
        } else if let id = fields.id, let index = fields.index {
            self = .sample(id, index: index)
        } else {
            return nil
        }
    }

    private struct Fields: Decodable {
        struct Response: Decodable {
            struct Body: Decodable { var error: Failure? }
            var body: Body?
        }
        struct Failure: Decodable { var line: Int? }

        var id: LineID?
        var customID: LineID?
        var index: Int?
        var line: Int?
        var error: Failure?
        var response: Response?

        enum CodingKeys: String, CodingKey {
            case id, index, line, error, response
            case customID = "custom_id"
        }
    }
}
