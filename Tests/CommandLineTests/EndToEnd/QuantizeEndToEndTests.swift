import Foundation
import TestSupport
import Testing

@testable import ParterreCLI

@Suite("parterre quantize, end to end")
struct QuantizeEndToEndTests {
    private let place: Workplace
    private var packed: String { place.path("packed") }

    init() throws {
        place = try Workplace()
        try place.write(
            """
            {"id": "long", "prompt_token_ids": [\((0..<37).map { String($0 * 7 % 264) }.joined(separator: ","))]}
            {"id": "short", "prompt_token_ids": [9, 263]}
            """, to: "in.jsonl")
    }

    private func quantize(_ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(["quantize", place.model, "--output", packed, "--threads", "2"] + arguments)
    }

    private func logits(_ model: String, _ output: String, _ arguments: [String] = []) async throws -> Data {
        let outcome = try await Program.run(
            [
                "logits", "--model", model, "--threads", "1", "--cache-memory", "16MB", "--input",
                place.path("in.jsonl"),
                "--output", place.path(output),
            ] + arguments)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try Data(contentsOf: URL(filePath: place.path(output)))
    }

    @Test(
        "a packed model's logits have the bits of its checkpoint's, mapped and copied",
        arguments: ["f32", "bf16", "int8", "int4"])
    func logits(format: String) async throws {
        let outcome = try await quantize("--weights", format)
        #expect(outcome.code == 0 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(outcome.errors.contains("model.parterre: \(format) weights"))
        let expected = try await logits(place.model, "expected", ["--weights", format])
        #expect(try await logits(packed, "mapped") == expected)
        #expect(try await logits(packed, "copied", ["--packed-weights", "copy", "--weights", format]) == expected)
        // Panels are the same for every instruction set; what bf16 ones yield is not, where the default is AMX.
        let elsewhere = try await logits(place.model, "elsewhere", ["--weights", format, "--isa", "portable"])
        #expect(try await logits(packed, "portable", ["--isa", "portable"]) == elsewhere)
    }

    @Test("the folder is all that a model needs: it generates, tells what it holds, and knows damage")
    func folder() async throws {
        #expect(try await quantize("--weights", "int8", "--quiet").errors.isEmpty)
        try FileManager.default.removeItem(atPath: place.model)
        let text = try await Program.run(
            ["generate", "Hello", "--model", packed, "--max-tokens", "3", "--cache-memory", "16MB", "--ignore-eos"])
        #expect(text.code == 0 && text.output.hasPrefix("Hello"), "\(text.errors)")
        let inspection = try await Program.run(["inspect", "--model", packed, "--verify"])
        #expect(inspection.code == 0, "\(inspection.errors)")
        #expect(inspection.output.contains("packed as int8") && inspection.output.contains("weights as int8"))
        #expect(!inspection.output.contains("weights as f32"))

        let other = try await Program.run(["generate", "Hello", "--model", packed, "--weights", "int4"])
        #expect(other.code == 2 && other.errors.contains("packed holds packed int8 weights"), "\(other.errors)")

        let file = packed + "/model.parterre"
        var bytes = try Data(contentsOf: URL(filePath: file))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: file))
        let damaged = try await Program.run(["inspect", "--model", packed, "--verify"])
        #expect(damaged.code == 2 && damaged.output.isEmpty)
        #expect(damaged.errors.contains("tensor \"ln_f.bias\" is damaged"), "\(damaged.errors)")
        try bytes.prefix(9000).write(to: URL(filePath: file))
        let short = try await Program.run(["generate", "Hello", "--model", packed])
        #expect(short.code == 2 && short.errors.contains("cut off"), "\(short.errors)")
    }

    @Test("nothing is overwritten unless --force says so, and never but a packed model")
    func overwriting() async throws {
        #expect(try await quantize("--weights", "int4").code == 0)
        let refused = try await quantize("--weights", "int8")
        #expect(refused.code == 2 && refused.errors.contains("--force"), "\(refused.errors)")
        #expect(try await quantize("--weights", "int8", "--force").code == 0)
        #expect(try await Program.run(["inspect", "--model", packed]).output.contains("packed as int8"))

        for (arguments, words) in [
            (["quantize", place.model, "-o", place.model, "--force"], "own folder"),
            (["quantize", place.model, "-o", place.folder.url.path, "--force"], "not empty"),
            (["quantize", place.model, "-o", place.path("in.jsonl")], "not a directory"),
            (["quantize", packed, "-o", place.path("again")], "packed model already"),
            (["quantize", place.path("none"), "-o", place.path("again")], "no such directory"),
            (["inspect", "--verify", "--model", place.model], "no packed model"),
        ] {
            let outcome = try await Program.run(arguments)
            #expect(outcome.code == 2 && outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
        }
        #expect(!place.exists("again"))
    }

    @Test("where there is no room for the file, that is said and nothing is left")
    func full() async throws {
        let outcome = try await Program.start(["quantize", place.model, "-o", packed], blocks: 16).outcome()
        #expect(outcome.code == 2 && outcome.errors.contains("cannot be written: File too large"), "\(outcome.errors)")
        #expect(!place.exists("packed"))
    }

    @Test("what a killed run left is no model, and does not stand in the way of the next")
    func killed() async throws {
        try FileManager.default.createDirectory(atPath: packed, withIntermediateDirectories: true)
        try place.write("half", to: "packed/model.parterre.x1.partial")
        let half = try await Program.run(["generate", "Hello", "--model", packed])
        #expect(half.code == 2, "\(half.errors)")
        let outcome = try await quantize()
        #expect(outcome.code == 0, "\(outcome.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: packed).sorted()
        #expect(names == ["config.json", "model.parterre", "tokenizer.json"])

        // A folder with a tokenizer of the user's own is none of ours.
        try FileManager.default.createDirectory(atPath: place.path("own"), withIntermediateDirectories: true)
        try place.write("{}", to: "own/tokenizer.json")
        let refused = try await Program.run(["quantize", place.model, "-o", place.path("own"), "--force"])
        #expect(refused.code == 2 && refused.errors.contains("not empty"), "\(refused.errors)")
        #expect(try place.read("own/tokenizer.json") == "{}")
    }
}
