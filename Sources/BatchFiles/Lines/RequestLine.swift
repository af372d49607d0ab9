package import Forms
import Foundation
package import Parterre

/// One line of input that can be submitted.
package struct RequestLine: Equatable, Sendable {
    /// Counted from 1.
    package var number: Int
    package var id: LineID
    package var content: Content

    package enum Content: Equatable, Sendable {
        case native(Prompt, RequestOptions)
        case openAIBatch(BatchBody)
    }

    package init(number: Int, id: LineID, content: Content) {
        self.number = number
        self.id = id
        self.content = content
    }

    package var form: LineForm {
        switch content {
        case .native: .native
        case .openAIBatch: .openAIBatch
        }
    }

    package var options: RequestOptions {
        switch content {
        case .native(_, let options): options
        case .openAIBatch(let body): body.options
        }
    }
}

extension RequestLine {
    /// Read one line: the native form, or OpenAI's batch form where the line has a `custom_id` or a `body`.
    package static func parse(
        _ bytes: [UInt8], number: Int, defaults: RequestOptions = RequestOptions()
    ) -> Result<RequestLine, BadLine> {
        let blank = Blank(number: number, defaults: defaults)
        do {
            return try JSONObject.decode(Decoded.self, from: bytes, userInfo: [Decoded.blank: blank]).result
        } catch {
            return .failure(BadLine(number: number, id: nil, form: .native, error: error))
        }
    }

    /// What is known before a line is read.
    private struct Blank: Sendable {
        var number: Int
        var defaults: RequestOptions
    }

    /// The outcome of decoding a JSON object: what is wrong in it is a value here, so that its id is not lost.
    private struct Decoded: Decodable {
        static let blank = CodingUserInfoKey(rawValue: "blank")!

        var result: Result<RequestLine, BadLine>

        init(from decoder: any Decoder) throws {
            let fields = try FieldReader(decoder)
            guard let blank = decoder.userInfo[Self.blank] as? Blank else {
                preconditionFailure("the decoder carries no blank line")
            }
            let isBatch = fields.has("custom_id") || fields.has("body")
            var given: LineID?
            do {
                given = try fields.id(isBatch ? "custom_id" : "id")
                let content =
                    isBatch
                    ? try RequestLine.batch(fields, id: given, blank.defaults)
                    : try RequestLine.native(fields, blank.defaults)
                let id = given ?? LineID(line: blank.number)
                result = .success(RequestLine(number: blank.number, id: id, content: content))
            } catch let error as FieldError {
                result = .failure(
                    BadLine(number: blank.number, id: given, form: isBatch ? .openAIBatch : .native, error: error))
            }
        }
    }

    private static let names = SamplingFields.names.union(SamplingFields.unserved).union(PromptFields.names)

    private static func native(_ fields: FieldReader, _ defaults: RequestOptions) throws -> Content {
        try fields.refuseAllBut(names.union(["id"]))
        let prompts = try PromptFields.read(fields)
        if prompts.count != 1 { throw fields.error("prompt", "must be one prompt: give each its own line") }
        var options = defaults
        try SamplingFields.apply(fields, to: &options)
        try SamplingFields.refuseUnserved(fields, n: options.n)
        return .native(prompts[0], options)
    }

    private static func batch(_ fields: FieldReader, id: LineID?, _ defaults: RequestOptions) throws -> Content {
        try fields.refuseAllBut(["custom_id", "method", "url", "body"])
        guard case .string = id else { throw fields.error("custom_id", "must be a string") }
        if let method = try fields.string("method"), method != "POST" {
            throw fields.error("method", "must be POST")
        }
        guard let body = try fields.object("body") else { throw fields.error("body", "is missing") }
        // Lines written by hand often leave it out.
        let endpoint = try endpoint(fields) ?? (body.has("messages") ? .chatCompletions : .completions)
        return .openAIBatch(
            try BatchBody.read(body, for: endpoint, defaults: defaults, maxTokens: defaults.parameters.maxTokens))
    }

    private static func endpoint(_ fields: FieldReader) throws -> BatchEndpoint? {
        guard let url = try fields.string("url") else { return nil }
        if let endpoint = BatchEndpoint(rawValue: url) { return endpoint }
        let known = BatchEndpoint.allCases.map(\.rawValue).joined(separator: " or ")
        throw fields.error("url", "must be \(known)")
    }
}
