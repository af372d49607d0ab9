package import Forms

/// OpenAI's file object: what is known about a file.
package struct StoredFile: Codable, Equatable, Sendable {
    package enum Purpose: String, Codable, Sendable {
        /// A batch's input.
        case batch
        /// A batch's answers, or its errors.
        case batchOutput = "batch_output"
    }

    package var id: FileID
    /// Place in the order of creation: later files have higher numbers.
    var ordinal: Int
    package var bytes: Int
    /// Seconds since 1970, as all times here.
    package var createdAt: Int
    /// When it is deleted; `nil`: never.
    package var expiresAt: Int?
    /// As the client calls it; never a path here.
    package var name: String
    package var purpose: Purpose

    package var json: JSON {
        .object([
            "id": .string(id.rawValue),
            "object": "file",
            "bytes": .integer(bytes),
            "created_at": .integer(createdAt),
            "expires_at": expiresAt.map(JSON.integer) ?? .null,
            "filename": .string(name),
            "purpose": .string(purpose.rawValue),
            "status": "processed",
            "status_details": nil,
        ])
    }

    func hasExpired(at now: Int) -> Bool { expiresAt.map { $0 <= now } ?? false }
}
