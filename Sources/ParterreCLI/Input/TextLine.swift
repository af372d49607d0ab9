import BatchFiles
import Forms
import Foundation
import Parterre

/// One line of `parterre tokenize`.
struct TextLine: Equatable {
    enum Form: Equatable {
        /// `{"id", "text"}`
        case text
        /// `{"id", "token_ids"}`
        case tokenIDs
    }

    var id: LineID
    var content: Prompt

    static func parse(_ line: InputLines.Line, _ form: Form) -> Result<TextLine, BadLine> {
        do throws(FieldError) {
            guard case .whole(let bytes) = line.content else { throw FieldError("the line is too long") }
            let info: [CodingUserInfoKey: any Sendable] = [Decoded.number: line.number, Decoded.form: form]
            return try JSONObject.decode(Decoded.self, from: bytes, userInfo: info).result
        } catch {
            return .failure(BadLine(number: line.number, id: nil, form: .native, error: error))
        }
    }

    func answer(_ tokenizer: Tokenizer, skipSpecialTokens: Bool) -> JSON {
        switch content {
        case .text(let text):
            .object(["id": id.json, "token_ids": .array(tokenizer.encode(text).map { .integer($0.index) })])
        case .tokens(let ids):
            .object(["id": id.json, "text": .string(tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens))])
        }
    }

    private struct Decoded: Decodable {
        static let number = CodingUserInfoKey(rawValue: "number")!
        static let form = CodingUserInfoKey(rawValue: "form")!

        var result: Result<TextLine, BadLine>

        init(from decoder: any Decoder) throws {
            let fields = try FieldReader(decoder)
            guard let number = decoder.userInfo[Self.number] as? Int, let form = decoder.userInfo[Self.form] as? Form
            else { preconditionFailure("the decoder carries neither number nor form") }
            var id: LineID?
            do {
                id = try fields.id("id")
                result = .success(TextLine(id: id ?? LineID(line: number), content: try Self.content(fields, form)))
            } catch let error as FieldError {
                result = .failure(BadLine(number: number, id: id, form: .native, error: error))
            }
        }

        private static func content(_ fields: FieldReader, _ form: Form) throws -> Prompt {
            switch form {
            case .text:
                try fields.refuseAllBut(["id", "text"])
                guard let text = try fields.string("text") else { throw fields.error("text", "is missing") }
                return .text(text)
            case .tokenIDs:
                try fields.refuseAllBut(["id", "token_ids"])
                guard let ids = try fields.tokenIDs("token_ids") else {
                    throw fields.error("token_ids", "is missing")
                }
                return .tokens(ids)
            }
        }
    }
}
