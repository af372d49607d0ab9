import Foundation
import Parterre

/// One line of input that can be submitted.
struct RequestLine: Equatable, Sendable {
    /// Counted from 1.
    var number: Int
    var id: LineID
    var form: LineForm = .native
    /// One in the native form; one or several in OpenAI's.
    var prompts: [Prompt] = []
    var parameters: SamplingParameters
    var n: Int
    var priority = 0
    var deadline: Duration?

    func request(_ prompt: Prompt) -> GenerationRequest {
        var request = GenerationRequest(prompt, parameters: parameters, n: n)
        request.priority = priority
        request.deadline = deadline
        request.label = id.name
        return request
    }
}

/// What the command line's options say where a line says nothing.
struct RequestDefaults: Equatable, Sendable {
    var parameters = SamplingParameters()
    var n = 1
    var priority = 0
    var deadline: Duration?

    func request(_ prompt: Prompt) -> GenerationRequest {
        RequestLine(
            number: 1, id: LineID(line: 1), parameters: parameters, n: n, priority: priority, deadline: deadline
        ).request(prompt)
    }

    /// - Throws: `RequestError.invalid` for what the model cannot serve, e.g. a token that it does not have.
    func check(_ engine: Engine) throws {
        try parameters.validate(n: n, vocabularySize: engine.vocabularySize)
    }
}

extension RequestLine {
    /// Read one line: the native form, or OpenAI's batch form where the line has a `custom_id` or a `body`.
    static func parse(
        _ bytes: [UInt8], number: Int, defaults: RequestDefaults = RequestDefaults()
    ) -> Result<RequestLine, BadLine> {
        let blank = RequestLine(
            number: number, id: LineID(line: number), parameters: defaults.parameters, n: defaults.n,
            priority: defaults.priority, deadline: defaults.deadline)
        do {
            return try JSONObjectLine.decode(Decoded.self, from: bytes, userInfo: [Decoded.blank: blank]).result
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
            } catch let error as LineError {
                result = .failure(BadLine(number: line.number, id: given, form: line.form, error: error))
            }
        }
    }

    private mutating func readNative(_ fields: FieldReader) throws {
        try fields.refuseAllBut(SamplingFields.allNames.union(Self.nativeNames))
        try readPrompts(fields)
        if prompts.count != 1 { throw fields.error("prompt", "must be one prompt: give each its own line") }
        try SamplingFields.apply(fields, to: &self)
    }

    private static let nativeNames: Set<String> = ["id", "prompt", "prompt_token_ids"]

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
        try body.refuseAllBut(SamplingFields.allNames.union(Self.bodyNames))
        try readPrompts(body)
        try SamplingFields.apply(body, to: &self)
    }

    private static let bodyNames: Set<String> = ["model", "prompt", "prompt_token_ids", "user"]

    private mutating func readPrompts(_ fields: FieldReader) throws {
        let texts = try fields.prompts("prompt")
        let ids = try fields.tokenIDs("prompt_token_ids")
        switch (texts, ids) {
        case (nil, nil): throw fields.error("prompt", "is missing (or prompt_token_ids)")
        case (_?, _?): throw fields.error("prompt", "and prompt_token_ids exclude each other")
        case (let texts?, nil): prompts = texts
        case (nil, let ids?): prompts = [.tokens(ids)]
        }
        let name = ids == nil ? "prompt" : "prompt_token_ids"
        if prompts.isEmpty || prompts.contains(where: \.isEmpty) { throw fields.error(name, "is empty") }
        for case .tokens(let ids) in prompts {
            if let negative = ids.first(where: { $0.rawValue < 0 }) {
                throw fields.error(name, "\(negative) is not a token id")
            }
        }
    }
}

extension Prompt {
    var isEmpty: Bool {
        switch self {
        case .text(let text): text.isEmpty
        case .tokens(let ids): ids.isEmpty
        }
    }
}
