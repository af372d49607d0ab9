import Foundation
import Hummingbird
import Parterre

/// What a client sends: `{"prompt": "…", "max_tokens": 40, "temperature": 0.8, "seed": 7}`; all but the prompt may be left out.
struct GenerateBody: Decodable {
    var prompt: String
    var maxTokens: Int?
    var temperature: Float?
    var seed: UInt64?

    init(_ body: ByteBuffer) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            self = try decoder.decode(GenerateBody.self, from: Data(body.readableBytesView))
        } catch {
            throw HTTPError(.badRequest, message: "the body must be a JSON object with a prompt")
        }
    }

    /// - Throws: `HTTPError` 400 with what is wrong.
    func request(for engine: Engine) throws -> GenerationRequest {
        var request = GenerationRequest(prompt, parameters: engine.samplingDefaults)
        if let maxTokens { request.parameters.maxTokens = maxTokens }
        if let temperature { request.parameters.temperature = temperature }
        if let seed { request.parameters.seed = seed }
        do {
            try request.validate(vocabularySize: engine.vocabularySize)
        } catch {
            throw HTTPError(.badRequest, message: error.message)
        }
        return request
    }
}
