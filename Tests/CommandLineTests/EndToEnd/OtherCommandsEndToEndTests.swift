import Forms
import Foundation
import Parterre
import Testing

@testable import ParterreCLI

@Suite("parterre logits, end to end")
struct LogitsEndToEndTests {
    private let place: Workplace

    init() throws {
        place = try Workplace(tokenizer: false)
        try place.write(
            """
            {"id": "long", "prompt_token_ids": [\((0..<37).map { String($0 * 7 % 264) }.joined(separator: ","))]}
            {"id": 2, "prompt_token_ids": [9]}
            {"prompt_token_ids": [263, 0, 5, 5, 5]}
            """, to: "in.jsonl")
    }

    private func logits(_ arguments: [String], output: String) async throws -> Data {
        let outcome = try await Program.run(
            ["logits"] + place.modelOptions + ["--input", place.path("in.jsonl"), "--output", place.path(output)]
                + arguments)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try Data(contentsOf: URL(filePath: place.path(output)))
    }

    @Test("no mode, chunk, block size or thread count changes a bit")
    func modes() async throws {
        let uncached = try await logits(["--mode", "uncached"], output: "uncached")
        let rows = 37 + 1 + 5
        #expect(uncached.count > rows * 264 * 4)
        for arguments in [
            ["--mode", "cached"], ["--mode", "batched"], ["--mode", "padded"],
            ["--mode", "batched", "--prefill-chunk", "3", "--block-size", "16"],
            ["--mode", "cached", "--block-size", "64", "--threads", "2"],
        ] {
            #expect(try await logits(arguments, output: "other") == uncached, "\(arguments)")
        }
    }

    @Test("the file has one tensor a line, named by its id; with --last one row of it")
    func form() async throws {
        func header(_ file: Data) throws -> [String: [String: Any]] {
            let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let json = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
            return try #require(json as? [String: [String: Any]])
        }
        func bytes(_ name: String, of file: Data) throws -> Data {
            let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let range = try #require(try header(file)[name]?["data_offsets"] as? [Int])
            return file.dropFirst(8 + length).dropFirst(range[0]).prefix(range[1] - range[0])
        }
        let all = try await logits([], output: "all")
        let tensors = try header(all)
        #expect(tensors["long"]?["shape"] as? [Int] == [37, 264])
        #expect(tensors["2"]?["shape"] as? [Int] == [1, 264])
        #expect(tensors["3"]?["shape"] as? [Int] == [5, 264])
        #expect(tensors["long"]?["dtype"] as? String == "F32")
        for mode in LogitsMode.allCases {
            let last = try await logits(["--last", "--mode", mode.rawValue], output: "last")
            #expect(try header(last)["long"]?["shape"] as? [Int] == [1, 264])
            for name in ["long", "2", "3"] {
                #expect(try bytes(name, of: last) == bytes(name, of: all).suffix(264 * 4), "\(mode) \(name)")
            }
        }
    }

    @Test("a bad line ends it before any work, and nothing is written")
    func badLines() async throws {
        for line in [
            #"{"id": 2, "prompt_token_ids": [5]}"#, #"{"prompt_token_ids": [264]}"#, #"{"prompt": "text"}"#, "x",
            #"{"id": "2", "prompt_token_ids": [5]}"#, #"{"prompt_token_ids": []}"#,
        ] {
            try place.write(#"{"id": 2, "prompt_token_ids": [5]}"# + "\n" + line, to: "bad.jsonl")
            let outcome = try await Program.run(
                ["logits"] + place.modelOptions + ["--input", place.path("bad.jsonl"), "--output", place.path("none")])
            #expect(outcome.code == 2, "\(line): \(outcome.errors)")
            #expect(outcome.errors.contains("line 2"), "\(outcome.errors)")
            let files = try FileManager.default.contentsOfDirectory(atPath: place.path(""))
            #expect(!files.contains { $0.hasPrefix("none") })
        }
    }
}

@Suite("The other commands, end to end")
struct OtherCommandsEndToEndTests {
    @Test("tokenize and back gives the same texts, from a folder with a tokenizer.json only")
    func tokenize() async throws {
        let place = try Workplace()
        let folder = place.path("only-a-tokenizer")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ByteTokenizer.write(to: URL(filePath: folder))
        let texts = ["Hello world", "Größe 🌱\n\t\u{1}", "</s> special", "", "  two  spaces "]
        let input = texts.enumerated().map {
            JSON.object(["id": .integer($0), "text": .string($1)]).line
        }
        let encoded = try await Program.run(
            ["tokenize", "--model", folder], input: input.joined(separator: "\n"))
        #expect(encoded.code == 0, "\(encoded.errors)")
        #expect(encoded.lines.first == #"{"id":0,"token_ids":[76,105,112,112,115,36,123,115,118,112,104]}"#)
        let decoded = try await Program.run(["tokenize", "--model", folder, "--decode"], input: encoded.output)
        #expect(decoded.lines == input)
        let bad = try await Program.run(
            ["tokenize", "--model", folder], input: #"{"id": "a", "test": "x"}"# + "\n" + #"{"text": "x"}"#)
        #expect(bad.code == 1)
        let wanted = [
            #"{"id":"a","line":1,"error":{"message":"test: unknown field","field":"test"}}"#,
            #"{"id":2,"token_ids":[124]}"#,
        ]
        #expect(bad.lines == wanted)
        let none = try await Program.run(["tokenize", "--model", place.path("none")], input: "")
        #expect(none.code == 2)
    }

    @Test("inspect shows a checkpoint")
    func inspect() async throws {
        let place = try Workplace()
        let text = try await Program.run(["inspect", "--model", place.model])
        #expect(text.code == 0, "\(text.errors)")
        #expect(text.output.contains("6 of 8"))
        #expect(text.output.contains("h.1.mlp.dense_4h_to_h.weight"))
        let json = try await Program.run(["inspect", "--model", place.model, "--json"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let configuration = object["configuration"] as? [String: Any]
        #expect(configuration?["n_head"] as? Int == 6)
        let tensors = object["tensors"] as? [Any]
        #expect(tensors?.count == 29)
        let bytes = object["bytes_per_cached_token"] as? Int ?? 0
        let topology = try await Program.run(["topology", "--json"] + place.modelOptions)
        #expect(topology.output.contains(#""bytes_per_cached_token":\#(bytes)"#))
        let bad = try await Program.run(["inspect", "--model", place.path("none")])
        #expect(bad.code == 2)
    }

    @Test("topology shows the machine, the plan and the pages")
    func topology() async throws {
        let place = try Workplace()
        let text = try await Program.run(["topology"] + place.modelOptions)
        #expect(text.code == 0, "\(text.errors)")
        #expect(text.output.contains("instruction sets"))
        let json = try await Program.run(["topology", "--json"] + place.modelOptions)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let plan = try #require(object["memory_plan"] as? [String: Any])
        #expect(plan["block_size"] as? Int == 32)
        let cacheBytes = plan["cache_bytes"] as? Int ?? 0
        #expect(cacheBytes > 0)
        let placement = object["page_placement"] as? [Any]
        #expect(placement?.isEmpty == false)
        let portable = try await Program.run(["topology", "--json", "--isa", "portable"] + place.modelOptions)
        #expect(portable.output.contains(#""chosen_instruction_set":"portable""#))
    }

    @Test("help, version and wrong usage end with the documented codes")
    func exitCodes() async throws {
        for (arguments, code) in [
            ([], 0), (["--help"], 0), (["--version"], 0), (["generate", "--help"], 0), (["help", "logits"], 0),
            (["frobnicate"], 2), (["logits"], 2), (["inspect", "--model"], 2), (["--frobnicate"], 2),
        ] as [([String], Int32)] {
            let outcome = try await Program.run(arguments)
            #expect(outcome.code == code, "\(arguments)")
            #expect(outcome.output.isEmpty == (code == 2), "\(arguments)")
            #expect(outcome.errors.isEmpty == (code == 0), "\(arguments)")
        }
    }
}
