import CKernels
import Foundation
import TestSupport
import Testing

@testable import Models

@Suite("A checkpoint directory")
struct CheckpointTests {
    @Test(
        "loads in each element type, with and without the prefix, in one file or in shards",
        arguments: ["F32", "F16", "BF16"],
        [("transformer.", nil), ("", nil), ("transformer.", 3), ("", 1)] as [(String, Int?)])
    func loads(type: String, layout: (prefix: String, shards: Int?)) throws {
        let fixture = try TestCheckpoint(type: type, prefix: layout.prefix, shards: layout.shards)
        let checkpoint = try fixture.open()
        try checkpoint.validate()
        #expect(checkpoint.configuration == TestCheckpoint.configuration)
        #expect(checkpoint.tensors.map(\.name) == checkpoint.tensors.map(\.name).sorted())

        let written = TestCheckpoint.tensors(type: type, prefix: layout.prefix)
        #expect(checkpoint.tensors.count == written.count)
        for tensor in written {
            let view = try checkpoint.tensor(String(tensor.name.dropFirst(layout.prefix.count)), shape: tensor.shape)
            #expect(view.name == tensor.name)
            #expect(view.bytes.elementsEqual(tensor.bytes))
            #expect(view.type == (type == "F32" ? PK_F32 : type == "F16" ? PK_F16 : PK_BF16))
            #expect(view.typeName == type)
            #expect(view.count == tensor.shape.reduce(1, *))
        }
    }

    @Test("takes each name with or without the prefix, also mixed")
    func mixedPrefixes() throws {
        let fixture = try TestCheckpoint {
            for index in $0.indices where index % 2 == 0 { $0[index].name.removeFirst("transformer.".count) }
        }
        try fixture.open().validate()
    }

    @Test("a tensor stays readable when its pages were discarded and the checkpoint is gone")
    func lifetime() throws {
        let fixture = try TestCheckpoint()
        let view = try fixture.open().tensor("word_embeddings.weight", shape: [10, 8])
        let expected = TestCheckpoint.tensors()[0].bytes
        #expect(view.bytes.elementsEqual(expected))
        view.discard()
        view.discard(bytes: 4..<10_000)
        #expect(view.bytes.elementsEqual(expected))
    }

    @Test("works through links, as the Hugging Face cache lays it out")
    func links() throws {
        let fixture = try TestCheckpoint(shards: 2)
        let cache = try TemporaryDirectory()
        for name in try FileManager.default.contentsOfDirectory(atPath: fixture.directory.url.path) {
            try FileManager.default.createSymbolicLink(
                atPath: cache.path(name), withDestinationPath: fixture.directory.path(name))
        }
        try Checkpoint(directory: cache.url).validate()

        try fixture.directory.remove("model-00002-of-00002.safetensors")
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(directory: cache.url) }
        #expect(error?.message.contains("model-00002-of-00002.safetensors: cannot be read: No such file") == true)
    }

    @Test("prefers the single file to the index")
    func preference() throws {
        let fixture = try TestCheckpoint()
        try fixture.directory.write("not JSON", "model.safetensors.index.json")
        try fixture.open().validate()
    }

    @Test("may hold tensors that no model needs, of any type of the format")
    func extraTensors() throws {
        let fixture = try TestCheckpoint {
            $0.append(TestTensor(name: "h.0.self_attention.mask", type: "BOOL", shape: [3], bytes: [1, 0, 1]))
            $0.append(TestTensor(name: "position_ids", type: "I64", shape: [1], bytes: Array(repeating: 0, count: 8)))
            $0.append(TestTensor(name: "empty", type: "F32", shape: [0, 4], bytes: []))
        }
        let checkpoint = try fixture.open()
        try checkpoint.validate()
        #expect(checkpoint.listing.count == TestCheckpoint.tensors().count + 3)
        #expect(checkpoint.tensors.count == TestCheckpoint.tensors().count + 1)
        let mask = TensorListing(
            name: "h.0.self_attention.mask", type: "BOOL", shape: [3], file: "model.safetensors", byteCount: 3)
        #expect(checkpoint.listing.contains(mask))
    }

    @Test("is refused when the folder or a file is missing, and says what to do")
    func missingFiles() throws {
        let fixture = try TestCheckpoint()
        let nowhere = fixture.directory.url.appending(path: "nowhere")
        #expect(throws: CheckpointError.noDirectory(nowhere.path)) { try Checkpoint(directory: nowhere) }
        let file = fixture.directory.url.appending(path: "config.json")
        #expect(throws: CheckpointError.notADirectory(file.path)) { try Checkpoint(directory: file) }

        try fixture.directory.remove("model.safetensors")
        #expect(
            fixture.complaint().contains("model.safetensors: there is no such file: a checkpoint needs that file, or"))
        try fixture.directory.write("", "pytorch_model.bin")
        #expect(
            fixture.complaint().contains(
                "has pytorch_model.bin only: load it with transformers and call save_pretrained"))
        try fixture.directory.remove("config.json")
        #expect(fixture.complaint().contains("config.json: there is no such file"))
    }

    @Test("is refused when a file is no regular file")
    func irregularFiles() throws {
        let fixture = try TestCheckpoint()
        try fixture.directory.remove("model.safetensors")
        try FileManager.default.createDirectory(
            atPath: fixture.directory.path("model.safetensors"), withIntermediateDirectories: false)
        #expect(fixture.complaint().hasSuffix("model.safetensors: cannot be read: it is not a regular file"))
        try fixture.directory.remove("model.safetensors")
        #expect(mkfifo(fixture.directory.path("model.safetensors"), 0o600) == 0)
        #expect(fixture.complaint().hasSuffix("model.safetensors: cannot be read: it is not a regular file"))
    }

    @Test(
        "is refused by the name of each tensor that is missing", arguments: TestCheckpoint.tensors(prefix: "").indices)
    func missingTensor(index: Int) throws {
        let fixture = try TestCheckpoint { $0.remove(at: index) }
        let name = TestCheckpoint.tensors(prefix: "")[index].name
        let complaint = fixture.complaint()
        #expect(
            complaint.contains("/model.safetensors: there is no tensor \"\(name)\" or \"transformer.\(name)\""),
            "\(complaint)")
    }

    @Test(
        "is refused by the name of each tensor whose shape does not fit",
        arguments: TestCheckpoint.tensors(prefix: "").indices)
    func wrongShape(index: Int) throws {
        let fixture = try TestCheckpoint {
            // The same bytes, shaped otherwise.
            $0[index].shape = $0[index].shape.count == 2 ? [$0[index].shape.reduce(1, *)] : [1] + $0[index].shape
        }
        let expected = TestCheckpoint.tensors()[index]
        let complaint = fixture.complaint()
        #expect(complaint.contains("/model.safetensors: tensor \"\(expected.name)\" has the shape ["), "\(complaint)")
        #expect(complaint.hasSuffix("but config.json asks for \(expected.shape)"), "\(complaint)")
    }

    @Test("is refused when a needed tensor has a type that is no weight's")
    func unsupportedType() throws {
        let fixture = try TestCheckpoint {
            $0[0].type = "I32"
        }
        let complaint = fixture.complaint()
        #expect(
            complaint.hasSuffix(
                "tensor \"transformer.word_embeddings.weight\" has the type I32: weights must be F32, F16 or BF16"),
            "\(complaint)")
    }

    @Test("is refused when a tensor is there with and without the prefix")
    func ambiguousTensor() throws {
        let fixture = try TestCheckpoint {
            var copy = $0[1]
            copy.name = "word_embeddings_layernorm.weight"
            $0.append(copy)
        }
        let complaint = fixture.complaint()
        #expect(
            complaint.contains(
                "as \"word_embeddings_layernorm.weight\" and \"transformer.word_embeddings_layernorm.weight\""),
            "\(complaint)")
    }
}

@Suite("A head")
struct CheckpointHeadTests {
    private static func head(firstByte: UInt8? = nil) -> TestTensor {
        var bytes = TestCheckpoint.tensors()[0].bytes
        if let firstByte { bytes[0] = firstByte }
        return TestTensor(name: "lm_head.weight", shape: [10, 8], bytes: bytes)
    }

    @Test("that is a copy of the word embedding stays tied")
    func copy() throws {
        let checkpoint = try TestCheckpoint { $0.append(Self.head()) }.open()
        try checkpoint.validate()
        #expect(checkpoint.configuration.tiedHead)
    }

    @Test("of other values is untied, whatever config.json says")
    func other() throws {
        let checkpoint = try TestCheckpoint { $0.append(Self.head(firstByte: 99)) }.open()
        try checkpoint.validate()
        #expect(!checkpoint.configuration.tiedHead)
        #expect(checkpoint.configuration.parameterCount == TestCheckpoint.configuration.parameterCount + 80)
    }

    @Test("that config.json calls untied must be there, with its shape")
    func untied() throws {
        let config = TestCheckpoint.config.merging(["tie_word_embeddings": false]) { $1 }
        #expect(try TestCheckpoint(config: config).complaint().contains("no tensor \"lm_head.weight\""))
        try TestCheckpoint(config: config) { $0.append(Self.head()) }.open().validate()
        let fixture = try TestCheckpoint(config: config) {
            var head = Self.head()
            head.shape = [8, 10]
            $0.append(head)
        }
        #expect(
            fixture.complaint().hasSuffix(
                "tensor \"lm_head.weight\" has the shape [8, 10], but config.json asks for [10, 8]"))
    }
}

@Suite("An index of shards")
struct CheckpointIndexTests {
    private let first = "model-00001-of-00002.safetensors"
    private let second = "model-00002-of-00002.safetensors"

    private func map() -> [String: String] {
        let names = TestCheckpoint.tensors().map(\.name)
        return Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, $0 % 2 == 0 ? first : second) })
    }

    @Test("is refused when a shard is missing, by the shard's name")
    func missingShard() throws {
        let fixture = try TestCheckpoint(shards: 2)
        try fixture.directory.remove(second)
        #expect(fixture.complaint().contains("/\(second): there is no such file: model.safetensors.index.json names"))
    }

    @Test("is refused when a tensor is not in the shard that it names")
    func misplacedTensor() throws {
        let fixture = try TestCheckpoint(shards: 2)
        var map = map()
        map["transformer.ln_f.bias"] = map["transformer.ln_f.bias"] == first ? second : first
        try fixture.write(index: map)
        #expect(
            fixture.complaint().contains("tensor \"transformer.ln_f.bias\" is there, but model.safetensors.index.json"))
        map["transformer.ln_f.bias"] = first
        map["transformer.h.9.none"] = first
        try fixture.write(index: self.map().merging(["transformer.h.9.none": first]) { $1 })
        #expect(
            fixture.complaint().contains(
                "/\(first): tensor \"transformer.h.9.none\" is missing, though model.safetensors.index.json places it there"
            ))
    }

    @Test("is refused when a tensor is in two shards")
    func repeatedTensor() throws {
        let fixture = try TestCheckpoint(shards: 2)
        let tensors = TestCheckpoint.tensors()
        try fixture.directory.write(
            safetensors(tensors.indices.filter { $0 % 2 == 0 || $0 == 1 }.map { tensors[$0] }), first)
        let complaint = fixture.complaint()
        #expect(complaint.contains("/\(second): tensor \"transformer.word_embeddings_layernorm.weight\" is in /"))
        #expect(complaint.hasSuffix("/\(first) too"), "\(complaint)")
    }

    @Test("may leave out a tensor that a shard holds")
    func unlistedTensor() throws {
        let fixture = try TestCheckpoint(shards: 2)
        var map = map()
        map["transformer.ln_f.bias"] = nil
        try fixture.write(index: map)
        try fixture.open().validate()
    }

    @Test(
        "cannot lead out of the directory",
        arguments: ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", ".", "", "a\0b"])
    func escapes(name: String) throws {
        let fixture = try TestCheckpoint(shards: 2)
        try fixture.write(index: map().merging(["transformer.ln_f.bias": name]) { $1 })
        let complaint = fixture.complaint()
        #expect(complaint.contains("model.safetensors.index.json: tensor \"transformer.ln_f.bias\" is said to be in"))
        #expect(complaint.hasSuffix("which is no plain file name"))
    }

    @Test(
        "that is broken is refused by its name",
        arguments: [
            ("{", "the file is not valid JSON"), ("[]", "the file does not hold a JSON object"),
            ("{}", "weight_map is missing or empty"), ("{\"weight_map\": {}}", "weight_map is missing or empty"),
            ("{\"weight_map\": null}", "weight_map is missing or empty"),
            ("{\"weight_map\": {\"a\": 1}}", "weight_map must be an object of tensor and file names"),
            ("{\"weight_map\": [\"a\"]}", "weight_map must be an object of tensor and file names"),
        ])
    func broken(text: String, phrase: String) throws {
        let fixture = try TestCheckpoint(shards: 2)
        try fixture.directory.write(text, "model.safetensors.index.json")
        let complaint = fixture.complaint()
        #expect(
            complaint.hasSuffix("/model.safetensors.index.json: \(phrase)") || complaint.contains("json: \(phrase): "),
            "\(complaint)")
    }
}
