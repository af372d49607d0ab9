import Basics
import Foundation

/// Fixtures/sampling.json: what `transformers` makes of some rows of logits (Tools/fixtures/sampling_fixtures.py).
struct SamplingFixture: Decodable {
    struct Warper: Decodable, Sendable, CustomStringConvertible {
        var row: String
        var temperature: Float
        var topK: Int
        var topP: Float
        var minP: Float
        var kept: [Int]
        var greatestProbability: Double

        var description: String { "\(row): temperature \(temperature), top-k \(topK), top-p \(topP), min-p \(minP)" }
    }

    struct Penalty: Decodable, Sendable {
        var row: String
        var penalty: Float
        var seen: [TokenID]
        var changed: [Int]
        var bits: [UInt32]
    }

    struct Logprobs: Decodable, Sendable {
        var row: String
        var top: [Int]
        var logprobs: [Float]
    }

    /// Multiples of 1/65536; `null` stands for −∞.
    private var rows: [String: [Int?]]
    var warpers: [Warper]
    var penalties: [Penalty]
    var logprobs: [Logprobs]

    func row(_ name: String) -> [Float] { (rows[name] ?? []).map { $0.map { Float($0) / 65536 } ?? -.infinity } }

    static func load() throws -> SamplingFixture {
        let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures/sampling.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(SamplingFixture.self, from: Data(contentsOf: url))
    }
}
