import Foundation
import Parterre
import Testing

/// Beam search against `transformers` on the same checkpoints (Tools/fixtures/beam_fixtures.py).
@Suite struct BeamParityTests {
    struct GoldenBeams: Decodable {
        struct Case: Decodable {
            var checkpoint: String
            var request: Request
            var texts: [Text]
        }

        struct Text: Decodable {
            var tokenIds: [TokenID]
            var score: Float
        }

        struct Request: Decodable {
            var promptTokenIds: [TokenID]
            var beams: Int
            var n: Int
            var lengthPenalty: Double
            var earlyStopping: EarlyStopping
            var maxTokens: Int
            var minTokens: Int
            var stopTokenIds: [TokenID]
            var ignoreEos: Bool
            var repetitionPenalty: Float
            var logitBias: [String: Float]

            var generation: GenerationRequest {
                var parameters = SamplingParameters()
                parameters.maxTokens = maxTokens
                parameters.minTokens = minTokens
                parameters.stopTokenIDs = stopTokenIds
                parameters.ignoreEOS = ignoreEos
                parameters.repetitionPenalty = repetitionPenalty
                for (id, bias) in logitBias {
                    if let id = Int32(id) { parameters.logitBias[TokenID(rawValue: id)] = bias }
                }
                parameters.beams = BeamParameters(
                    count: beams, lengthPenalty: lengthPenalty, earlyStopping: earlyStopping.value)
                return GenerationRequest(.tokens(promptTokenIds), parameters: parameters, n: n)
            }
        }

        /// `false`, `true` or `"never"`.
        struct EarlyStopping: Decodable {
            var value: BeamParameters.EarlyStopping

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let isEarly = try? container.decode(Bool.self) {
                    value = isEarly ? .yes : .no
                } else {
                    value = try #require(BeamParameters.EarlyStopping(rawValue: try container.decode(String.self)))
                }
            }
        }

        var cases: [Case]

        static func load() throws -> GoldenBeams {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(
                GoldenBeams.self, from: Data(contentsOf: try Golden.folder().appending(path: "beams.json")))
        }
    }

    @Test(
        "all searches of a checkpoint at once find transformers' texts, in order, with its scores",
        arguments: ["heads4-f32", "heads6-f16-postln"])
    func texts(_ checkpoint: String) async throws {
        let cases = try GoldenBeams.load().cases.filter { $0.checkpoint == checkpoint }
        #expect(cases.count >= 10)
        try await TransformersParityTests.with(checkpoint) { item in
            let engine = item.engine
            let found = try await withThrowingTaskGroup(of: (Int, [Completion]).self) { group in
                for (index, golden) in cases.enumerated() {
                    group.addTask { (index, try await engine.complete(golden.request.generation)) }
                }
                return try await group.reduce(into: [Int: [Completion]]()) { $0[$1.0] = $1.1 }
            }
            for (index, golden) in cases.enumerated() {
                let texts = try #require(found[index])
                #expect(texts.map(\.tokenIDs) == golden.texts.map(\.tokenIds), "\(golden.request)")
                for (text, golden) in zip(texts, golden.texts) {
                    let score = try #require(text.beam).score
                    #expect(abs(score - golden.score) <= 1e-4 * max(1, abs(golden.score)), "\(score), \(golden.score)")
                }
            }
        }
    }
}
