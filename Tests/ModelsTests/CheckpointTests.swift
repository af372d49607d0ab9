import CKernels
import Foundation
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
        view.willNeed()
        #expect(view.bytes.elementsEqual(expected))
        view.discard()
        view.discard(bytes: 4..<10_000)
        #expect(view.bytes.elementsEqual(expected))
    }
}
