package import Forms
import Foundation
package import Parterre

/// One line of input that can be submitted.
package struct RequestLine: Equatable, Sendable {
    /// Counted from 1.
    package var number: Int
    package var id: LineID
    package var form: LineForm = .native
    /// One in the native form; one or several in OpenAI's.
    package var prompts: [Prompt] = []
    package var options: RequestOptions

    package init(
        number: Int, id: LineID, form: LineForm = .native, prompts: [Prompt] = [], options: RequestOptions
    ) {
        self.number = number
        self.id = id
        self.form = form
        self.prompts = prompts
        self.options = options
    }

    package func request(_ prompt: Prompt) -> GenerationRequest { options.request(prompt, label: id.name) }
}

extension RequestLine {
    /// Read one line: the native form, or OpenAI's batch form where the line has a `custom_id` or a `body`.
    package static func parse(
        _ bytes: [UInt8], number: Int, defaults: RequestOptions = RequestOptions()
    ) -> Result<RequestLine, BadLine> {
        let blank = RequestLine(number: number, id: LineID(line: number), options: defaults)
        do {
            return try JSONObject.decode(Decoded.self, from: bytes, userInfo: [Decoded.blank: blank]).result
        } catch {
            return .failure(BadLine(number: number, id: nil, form: .native, error: error))
        }
    }

    /// The outcome of decoding a JSON object: what is wrong in it is a value here, so that its id is not lost.
    private struct Decoded: Decodable {
        static let blank = CodingUserInfoKey(rawValue: "blank")!

        var result: Result<RequestLine, BadLine>

        init(from decoder: any Decoder) throws {
            let fields = try FieldReader(decoder)
            guard var line = decoder.userInfo[Self.blank] as? RequestLine else {
                preconditionFailure("the decoder carries no blank line")
            }
            let isBatch = fields.has("custom_id") || fields.has("body")
            if isBatch { line.form = .openAIBatch(model: nil) }
            var given: LineID?
            do {
                given = try fields.id(isBatch ? "custom_id" : "id")
                if let given { line.id = given }
                try isBatch ? line.readBatch(fields) : line.readNative(fields)
                result = .success(line)
            } catch let error as FieldError {
                result = .failure(BadLine(number: line.number, id: given, form: line.form, error: error))
            }
        }
    }

    private static let names = SamplingFields.names.union(SamplingFields.unserved).union(PromptFields.names)

    private mutating func readNative(_ fields: FieldReader) throws {
        try fields.refuseAllBut(Self.names.union(["id"]))
        prompts = try PromptFields.read(fields)
        if prompts.count != 1 { throw fields.error("prompt", "must be one prompt: give each its own line") }
        try SamplingFields.apply(fields, to: &options)
        try SamplingFields.refuseUnserved(fields, n: options.n)
    }

    private mutating func readBatch(_ fields: FieldReader) throws {
        try fields.refuseAllBut(["custom_id", "method", "url", "body"])
        guard case .string = id else { throw fields.error("custom_id", "must be a string") }
        if let method = try fields.string("method"), method != "POST" {
            throw fields.error("method", "must be POST")
        }
        if let url = try fields.string("url"), url != "/v1/completions" {
            throw fields.error("url", "must be /v1/completions: BLOOM continues texts and knows no chat")
        }
        guard let body = try fields.object("body") else { throw fields.error("body", "is missing") }
        form = .openAIBatch(model: try body.string("model"))
        try body.refuseAllBut(Self.names.union(["model", "user"]))
        prompts = try PromptFields.read(body)
        try SamplingFields.apply(body, to: &options)
        try SamplingFields.refuseUnserved(body, n: options.n)
    }
}
