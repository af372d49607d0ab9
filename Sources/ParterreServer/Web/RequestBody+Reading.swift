import HTTPTypes
package import HummingbirdCore
import NIOCore

extension Request {
    /// The whole body.
    ///
    /// - Throws: `APIError` 413 for one of more than `limit` bytes, without reading the rest of it; 503 when there is no
    ///   room for it beside others'; 499 when the client leaves before its end.
    package func bytes(limit: Int) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw Self.tooLarge(limit) }
        do {
            return Array(buffer: try await body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw Self.tooLarge(limit)
        } catch let error as APIError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw APIError(malformed: error) ?? .clientGone
        }
    }

    private static func tooLarge(_ limit: Int) -> APIError {
        APIError(
            .contentTooLarge, "the body may have at most \(limit) bytes: split it into several requests",
            code: "body_too_large")
    }
}
