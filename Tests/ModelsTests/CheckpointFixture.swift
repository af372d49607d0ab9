import Foundation
import TestSupport
import Testing

@testable import Models

extension TemporaryDirectory {
    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }
    func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: url.appending(path: name)) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(at: url.appending(path: name)) }
}

/// A tensor to be written as it is, right or wrong.
struct TestTensor {
    var name: String
    var type = "F32"
    var shape: [Int]
    var bytes: [UInt8]
}

/// A safetensors file around any header text.
func safetensors(header: String, data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + data
}

/// A correct safetensors file.
func safetensors(_ tensors: [TestTensor]) -> [UInt8] {
    var fields = ["\"__metadata__\":{\"format\":\"pt\"}"]
    var data: [UInt8] = []
    for tensor in tensors {
        let end = data.count + tensor.bytes.count
        fields.append(
            "\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":\(tensor.shape),"
                + "\"data_offsets\":[\(data.count),\(end)]}")
        data += tensor.bytes
    }
    return safetensors(header: "{\(fields.joined(separator: ","))}", data: data)
}

/// A whole small checkpoint: 10 tokens, width 8, 2 layers, 4 heads; each tensor has bytes of its own.
struct TestCheckpoint {
    static let config: [String: any Sendable] = [
        "model_type": "bloom", "architectures": ["BloomForCausalLM"], "vocab_size": 10, "hidden_size": 8, "n_layer": 2,
        "n_head": 4, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
    ]
    static let configuration = BloomConfiguration(vocabularySize: 10, hiddenSize: 8, layerCount: 2, headCount: 4)

    let directory: TemporaryDirectory

    init(
        config: [String: any Sendable] = config, type: String = "F32", prefix: String = "transformer.",
        shards: Int? = nil, change: (inout [TestTensor]) -> Void = { _ in }
    ) throws {
        directory = try TemporaryDirectory()
        try write(config: config)
        var tensors = Self.tensors(type: type, prefix: prefix)
        change(&tensors)
        guard let shards else {
            try directory.write(safetensors(tensors), "model.safetensors")
            return
        }
        var map: [String: String] = [:]
        for shard in 0..<shards {
            let name = "model-0000\(shard + 1)-of-0000\(shards).safetensors"
            let part = tensors.indices.filter { $0 % shards == shard }.map { tensors[$0] }
            for tensor in part { map[tensor.name] = name }
            try directory.write(safetensors(part), name)
        }
        try write(index: map)
    }

    func write(config: [String: any Sendable], _ name: String = "config.json") throws {
        try directory.write(Array(try JSONSerialization.data(withJSONObject: config)), name)
    }

    func write(index map: [String: String]) throws {
        let index: [String: any Sendable] = ["metadata": ["total_size": 1], "weight_map": map]
        try write(config: index, "model.safetensors.index.json")
    }

    func open() throws -> Checkpoint { try Checkpoint(directory: directory.url) }

    /// The message of the error that opening and validating throws.
    func complaint(_ location: SourceLocation = #_sourceLocation) -> String {
        do {
            try open().validate()
        } catch let error as CheckpointError {
            return error.message
        } catch {
            Issue.record("not a CheckpointError: \(error)", sourceLocation: location)
        }
        return "no complaint"
    }

    static func tensors(type: String = "F32", prefix: String = "transformer.") -> [TestTensor] {
        var result: [TestTensor] = []
        configuration.forEachTensor { name, shape in
            let count = shape.reduce(1, *) * (type == "F32" ? 4 : 2)
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ result.count) }
            result.append(TestTensor(name: prefix + name, type: type, shape: shape, bytes: bytes))
        }
        return result
    }
}
