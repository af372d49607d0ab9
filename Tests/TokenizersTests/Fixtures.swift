import Basics
import Foundation
import Testing
import Tokenizers

/// The fixtures that `Tools/fixtures/tokenizer_fixtures.py` writes, and the shared data of the workplace.
enum Fixture {
    static let names = ["bloom", "gpt2", "nested", "unknown", "fused", "dropped", "whole-words", "white-space"]

    struct Expected: Decodable {
        struct Encoding: Decodable {
            var text: String
            var ids: [TokenID]
        }

        struct Decoding: Decodable {
            var ids: [TokenID]
            var skipping: String
            var keeping: String
        }

        var encodings: [Encoding]
        var decodings: [Decoding]
    }

    static func url(_ file: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(file)")
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(contentsOf: url("\(name).tokenizer.json"))
    }

    static func expected(_ name: String) throws -> Expected {
        try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url("\(name).expected.json")))
    }

    /// `shared/data`, beside or above the checkout; nil where there is none.
    static let shared: URL? = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        for _ in 0..<6 {
            folder.deleteLastPathComponent()
            let data = folder.appending(path: "shared/data")
            if FileManager.default.fileExists(atPath: data.path(percentEncoded: false)) { return data }
        }
        return nil
    }()
}

/// Strings that are equal scalar by scalar; Swift's `==` takes canonical equivalents for equal.
func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
