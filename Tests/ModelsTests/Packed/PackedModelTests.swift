import Foundation
import Kernels
import TestSupport
import Testing

@testable import Models

@Suite("Packed models")
struct PackedModelTests {
    @Test(
        "weights from a packed file are, bit for bit, those packed at load, mapped or copied, on one node or three",
        arguments: WeightFormat.allCases, [true, false])
    func sameBits(format: WeightFormat, tied: Bool) throws {
        let packed = try PackedFixture(format, tied: tied)
        let model = try packed.open()
        #expect(model.format == format && model.headFormat == format && model.configuration.tiedHead == tied)
        #expect(model.byteCount == (try packed.bytes().count))
        for (threads, nodes) in [(1, 1), (3, 1), (7, 3)] {
            try PackedFixture.withCrew(threads, nodes: nodes) { crew, kernels in
                let expected = try BloomWeights(packed.source, format: format, crew: crew, kernels: kernels)
                for placement in [PackedPlacement.mapped, .copied] {
                    let found = try BloomWeights(model, placement, crew: crew)
                    #expect(found.bytesOfTensors() == expected.bytesOfTensors(), "\(placement), \(threads), \(nodes)")
                    #expect(found.byteCount == expected.byteCount && found.bytesByNode == expected.bytesByNode)
                    #expect(found.mappedBytes == (placement == .mapped ? found.byteCount : 0))
                }
            }
        }
    }

    @Test("the head may have a format of its own")
    func headFormat() throws {
        let packed = try PackedFixture(.int4, head: .bf16)
        let model = try packed.open()
        #expect(model.format == .int4 && model.headFormat == .bf16)
        try PackedFixture.withCrew(2) { crew, kernels in
            let expected = try BloomWeights(
                packed.source, format: .int4, headFormat: .bf16, crew: crew, kernels: kernels)
            #expect(try BloomWeights(model, .mapped, crew: crew).bytesOfTensors() == expected.bytesOfTensors())
        }
    }

    @Test("the file has the same bytes at any number of lanes and nodes", arguments: WeightFormat.allCases)
    func sameFile(format: WeightFormat) throws {
        let bytes = try PackedFixture(format, threads: 1).bytes()
        #expect(try PackedFixture(format, threads: 3).bytes() == bytes)
        #expect(try PackedFixture(format, threads: 5, nodes: 2).bytes() == bytes)
    }

    @Test("the description is JSON, every matrix begins at a page, and all checksums hold")
    func form() throws {
        let packed = try PackedFixture(.int8)
        let bytes = try packed.bytes()
        let length = bytes[16..<24].reversed().reduce(0) { $0 << 8 | Int($1) }
        let json = try JSONSerialization.jsonObject(with: Data(bytes[32..<32 + length])) as? [String: Any]
        #expect(json?["weights"] as? String == "int8")
        let tensors = try #require(json?["tensors"] as? [[String: Any]])
        #expect(tensors.count == 5 + 2 * 12)
        for tensor in tensors where (tensor["shape"] as? [Int])?.count == 2 {
            #expect((tensor["offset"] as? Int ?? 1).isMultiple(of: 4096))
        }
        #expect(try packed.complaint() == "no complaint")
        #expect(try packed.open().listing.first { $0.name == "h.1.mlp.dense_4h_to_h.weight" }?.type == "int8")
    }

    @Test("writing again replaces the file as a whole")
    func replacing() throws {
        let packed = try PackedFixture(.f32)
        try PackedFixture.withCrew(2) { crew, kernels in
            let writer = PackedModelWriter(packed.source, format: .int4, crew: crew, kernels: kernels)
            let size = try writer.write(to: packed.directory.url)
            #expect(try packed.bytes().count == size)
        }
        #expect(try packed.open().format == .int4)
        let names = try FileManager.default.contentsOfDirectory(atPath: packed.directory.url.path).sorted()
        #expect(names == ["config.json", "model.parterre"])
    }

    @Test("a writer that is stopped leaves nothing behind")
    func stopped() throws {
        struct Stop: Error {}
        let directory = try TemporaryDirectory()
        let source = RandomWeights(PackedFixture.shape)
        try PackedFixture.withCrew(2) { crew, kernels in
            let writer = PackedModelWriter(source, format: .int8, crew: crew, kernels: kernels)
            #expect(throws: Stop.self) {
                try writer.write(to: directory.url) { share in if share > 0.5 { throw Stop() } }
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path).isEmpty)
    }
}
