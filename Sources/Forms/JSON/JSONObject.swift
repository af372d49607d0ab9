import Foundation

/// The bytes of one JSON object, decoded as `T`.
package enum JSONObject {
    /// - Parameter what: how messages call the bytes.
    /// - Throws: `FieldError` when the bytes are not UTF-8, not JSON or not an object. What is wrong inside the object is
    ///   `T`'s to say.
    package static func decode<T: Decodable>(
        _ type: T.Type, from bytes: [UInt8], userInfo: [CodingUserInfoKey: any Sendable],
        called what: String = "line"
    ) throws(FieldError) -> T {
        // JSONDecoder guesses other encodings from zero bytes; JSON lines are UTF-8.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw FieldError("the \(what) is not UTF-8") }
        let decoder = JSONDecoder()
        decoder.userInfo = userInfo
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch DecodingError.typeMismatch {
            throw FieldError("the \(what) is not a JSON object")
        } catch {
            throw FieldError("the \(what) is not valid JSON")
        }
    }

    /// The object's fields, to be read one by one.
    package static func fields(of bytes: [UInt8], called what: String) throws(FieldError) -> FieldReader {
        try decode(Opened.self, from: bytes, userInfo: [:], called: what).fields
    }

    private struct Opened: Decodable {
        let fields: FieldReader

        init(from decoder: any Decoder) throws { fields = try FieldReader(decoder) }
    }
}
