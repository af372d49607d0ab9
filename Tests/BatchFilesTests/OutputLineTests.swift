import Forms
import Foundation
import Parterre
import Testing

@testable import BatchFiles

@Suite("Output lines")
struct OutputLineTests {
    private let completion = Completion(
        sample: 1, text: "a \"b\"\n/é", tokenIDs: [5, 250_000], finishReason: .length, promptTokens: 3, logprobs: nil)

    @Test("JSON keeps the order of its members and writes numbers so that they come back")
    func json() throws {
        let value = JSON.object([
            "z": 1, "a": .array([.bool(true), nil, "x"]), "f": .float(-0.123), "tiny": .float(-1.1920929e-07),
            "one": .float(1), "no": .float(-.infinity), "big": .unsigned(.max), "n": .number(1.5),
        ])
        #expect(
            value.line
                == #"{"z":1,"a":[true,null,"x"],"f":-0.123,"tiny":-1.1920929e-07,"one":1.0,"no":null,"#
                + #""big":18446744073709551615,"n":1.5}"#)
        let text = "\u{0}\u{1F}\"\\/\n\u{2028}\u{7F}é🌱"
        let data = Data(JSON.string(text).line.utf8)
        #expect(try JSONDecoder().decode(String.self, from: data) == text)
        #expect(!data.contains(0x0A))
    }

    @Test("a sample has its fields in the promised order")
    func native() {
        #expect(
            NativeLine.completion(completion, id: .string("a"), tokenizer: nil).line
                == #"{"id":"a","index":1,"text":"a \"b\"\n/é","token_ids":[5,250000],"finish_reason":"length","#
                + #""prompt_tokens":3,"completion_tokens":2}"#)
        var withLogprobs = completion
        withLogprobs.logprobs = [TokenLogprob(id: 5, logprob: -0.5, top: [.init(id: 7, logprob: -0.25)])]
        #expect(
            NativeLine.completion(withLogprobs, id: .integer(-4), tokenizer: nil).line.hasSuffix(
                #""logprobs":[{"token_id":5,"logprob":-0.5,"top":[{"token_id":7,"logprob":-0.25}]}]}"#))
    }

    @Test("a bad line tells id, line and field")
    func failure() {
        let error = FieldError("must be a number", field: "top_p")
        #expect(
            NativeLine.failure(id: .integer(4), line: 4, error: error).line
                == #"{"id":4,"line":4,"error":{"message":"top_p: must be a number","field":"top_p"}}"#)
    }

    private struct Batch: Decodable {
        struct Response: Decodable {
            var statusCode: Int
            var requestId: String
            var body: Body
        }
        struct Body: Decodable {
            struct Choice: Decodable {
                var index: Int
                var text: String
                var finishReason: String
                var logprobs: Logprobs?
            }
            struct Logprobs: Decodable {
                var tokens: [String]
                var tokenLogprobs: [Float]
                var topLogprobs: [[String: Float]]
                var textOffset: [Int]
            }
            struct Usage: Decodable, Equatable {
                var promptTokens: Int
                var completionTokens: Int
                var totalTokens: Int
            }
            struct Failure: Decodable {
                var message: String
                var type: String
                var param: String?
            }
            var object: String?
            var model: String?
            var created: Int?
            var choices: [Choice]?
            var usage: Usage?
            var error: Failure?
        }
        var id: String
        var customId: String?
        var response: Response
        var error: String?
    }

    private static func decode(_ line: String) throws -> Batch {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Batch.self, from: Data(line.utf8))
    }

    @Test("OpenAI's form holds all samples of all prompts of a line")
    func openAI() async throws {
        let model = AnsweringModel(name: "bloom", vocabularySize: 250_880) { [completion] request in
            AsyncThrowingStream { continuation in
                // The last sample ends first.
                for sample in (0..<request.n).reversed() {
                    var finished = completion
                    finished.sample = sample
                    finished.logprobs = [
                        TokenLogprob(id: 5, logprob: -1, top: [.init(id: 5, logprob: -1)]),
                        TokenLogprob(id: 9, logprob: -2 - Float(sample), top: []),
                    ]
                    continuation.yield(.finished(finished))
                }
                continuation.finish()
            }
        }
        var options = RequestOptions(n: 2)
        options.parameters.logprobs = 1
        let prompts: [Prompt] = [.tokens([1, 2, 3]), .tokens([4, 5])]
        let request = CompletionRequest(prompts: prompts, options: options, bestOf: 2)
        let answer = try await BatchBody.completion(request).answer(by: model, name: "r")
        let batch = try Self.decode(OutputEnvelope(customID: .string("r")).response(status: 200, body: answer).line)
        #expect(batch.customId == "r")
        #expect(batch.error == nil)
        #expect(batch.response.statusCode == 200)
        #expect(batch.response.body.object == "text_completion")
        #expect(batch.response.body.model == "bloom")
        #expect(batch.response.body.choices?.map(\.index) == [0, 1, 2, 3])
        #expect(batch.response.body.choices?[2].logprobs?.tokenLogprobs == [-1, -2])
        #expect(batch.response.body.choices?[3].logprobs?.tokenLogprobs == [-1, -3])
        #expect(batch.response.body.choices?[3].logprobs?.topLogprobs == [["token_id:5": -1], [:]])
        #expect(batch.response.body.usage == .init(promptTokens: 5, completionTokens: 8, totalTokens: 13))
    }

    @Test("OpenAI's form of a bad line has status 400 and says why")
    func openAIFailure() throws {
        let error = ErrorAnswer(FieldError("must be POST", field: "method"))
        let line = OutputEnvelope(customID: nil).response(status: 400, body: error.json(line: 9)).line
        let batch = try Self.decode(line)
        #expect(batch.customId == nil)
        #expect(batch.response.statusCode == 400)
        #expect(batch.response.body.error?.message == "method: must be POST")
        #expect(batch.response.body.error?.param == "method")
        #expect(OutputRecord(Array(line.utf8)) == .failure(nil, line: 9))
    }
}
