import Foundation
import Testing

/// What `transformers` computed from the checkpoints in Fixtures (Tools/fixtures/README.md).
struct Golden: Decodable, Sendable {
    struct Logits: Decodable, Sendable {
        var id: String
        var prompt: String
        var logits: String
        var firstPosition: Int
        var transformersF32Error: Double
    }

    struct Greedy: Decodable, Sendable {
        var prompt: String
        var tokens: String
        var margins: String
        var repetitionPenalty: Float
    }

    struct Batch: Decodable, Sendable {
        var prompts: [String]
        var tokens: String
        var margins: String
        var repetitionPenalty: Float
    }

    struct Checkpoint: Decodable, Sendable {
        var name: String
        var transformersF32Error: Double
        var logits: [Logits]
        var greedy: [Greedy]
        var batch: Batch
    }

    /// Best two scores closer than this may change places.
    var tie: Float
    var checkpoints: [Checkpoint]

    static let names = [
        "heads4-f32", "heads6-f16-postln", "heads7-bf16-sharded", "heads12-bf16-noprefix",
        "heads16-bf16-postln-noprefix",
    ]

    static func folder() throws -> URL {
        try #require(Bundle.module.resourceURL, "the test bundle has its fixtures").appending(path: "Fixtures")
    }

    static func load() throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Golden.self, from: Data(contentsOf: try folder().appending(path: "manifest.json")))
    }

    func checkpoint(_ name: String) throws -> Checkpoint {
        try #require(checkpoints.first { $0.name == name }, "the manifest lists \(name)")
    }
}
