import Foundation

/// One JSON object on a line, decoded as `T`.
enum JSONObjectLine {
    /// - Throws: `LineError` when the bytes are not UTF-8, not JSON or not an object. What is wrong inside the object is
    ///   `T`'s to say.
    static func decode<T: Decodable>(
        _ type: T.Type, from bytes: [UInt8], userInfo: [CodingUserInfoKey: any Sendable]
    ) throws(LineError) -> T {
        // JSONDecoder guesses other encodings from zero bytes; JSON lines are UTF-8.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw LineError("the line is not UTF-8") }
        let decoder = JSONDecoder()
        decoder.userInfo = userInfo
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch DecodingError.typeMismatch {
            throw LineError("the line is not a JSON object")
        } catch {
            throw LineError("the line is not valid JSON")
        }
    }
}
