import Foundation
import Parterre
import TestSupport
import Testing

@Suite("Inspecting a checkpoint")
struct ModelInspectionTests {
    @Test("counts parameters, packed bytes and cached bytes as the layouts say")
    func sizes() throws {
        let directory = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 12, heads: 4, layers: 2, vocabulary: 97, type: .bf16).write(to: directory.url)
        let inspection = try ModelInspection.inspect(.directory(directory.url))

        #expect(inspection.configuration.hiddenSize == 12)
        #expect(inspection.tensors.count == 2 * 12 + 5)
        #expect(inspection.tensors.map(\.name) == inspection.tensors.map(\.name).sorted())
        #expect(inspection.tensors.allSatisfy { $0.type == "BF16" && $0.file == "model.safetensors" })
        let parameters = 97 * 12 + 2 * (12 * 12 * 12 + 13 * 12) + 4 * 12
        #expect(inspection.parameterCount == parameters)
        #expect(inspection.tensors.reduce(0) { $0 + $1.bytes } == 2 * parameters)

        // Panels of 64 columns: 97 → 2, 36 → 1, 12 → 1, 48 → 1, 12 (from 48) → 1.
        let panelRows = 2 * 12 + 2 * (12 + 12 + 12 + 48)
        let vectors = 4 * (4 * 12 + 2 * 13 * 12)
        let (short, long) = (2 + 2 * 3, 2)  // panels of K 12 and of K 48
        #expect(
            inspection.packedBytes == [
                "f32": panelRows * 64 * 4 + vectors, "bf16": panelRows * 64 * 2 + vectors,
                "int8": short * (3 * 256 + 256) + long * (12 * 256 + 256) + vectors,
                "int4": short * 64 * 18 + long * 2 * 64 * 18 + vectors,
            ])
        // Keys of 3 floats, values of 16.
        #expect(
            inspection.bytesPerCachedToken == [
                "f32": 2 * 4 * (3 + 16) * 4, "bf16": 2 * 4 * (4 + 16) * 2, "int8": 2 * 4 * (4 + 4 + 16 + 4),
            ])
        #expect(!inspection.hasTokenizer)

        try Data("{}".utf8).write(to: directory.url.appending(path: "tokenizer.json"))
        #expect(try ModelInspection.inspect(.directory(directory.url)).hasTokenizer)
    }

    @Test("a checkpoint that lacks a tensor is refused in one sentence")
    func refusal() throws {
        let directory = try TemporaryDirectory()
        try RandomCheckpoint(hidden: 12, heads: 4, layers: 2).write(to: directory.url)
        let config = directory.url.appending(path: "config.json")
        var text = try String(contentsOf: config, encoding: .utf8)
        text.replace("\"n_layer\":2", with: "\"n_layer\":3")
        try Data(text.utf8).write(to: config)
        let error = #expect(throws: CheckpointError.self) { try ModelInspection.inspect(.directory(directory.url)) }
        #expect(error?.message.contains("h.2.input_layernorm.weight") == true)
        #expect(error?.message.contains("model.safetensors") == true)
    }
}
