import Foundation
import Kernels
import TestSupport
import Testing

@testable import Models

@Suite("Damaged packed models")
struct PackedModelDamageTests {
    @Test("a file that is cut off anywhere, or too long, is refused in one sentence")
    func length() throws {
        let packed = try PackedFixture()
        let bytes = try packed.bytes()
        for count in [0, 7, 8, 31, 32, 500, 4095, 4096, 5000, bytes.count / 2, bytes.count - 1] {
            try packed.write(Array(bytes[..<count]))
            let complaint = try packed.complaint()
            #expect(complaint.hasPrefix(packed.path) && complaint.contains(": "), "\(count): \(complaint)")
            #expect(!complaint.contains("\n"))
        }
        try packed.write(bytes + [0])
        #expect(try packed.complaint().contains("\(bytes.count + 1) bytes instead of \(bytes.count)"))
    }

    @Test("a changed byte of the header is refused")
    func header() throws {
        let packed = try PackedFixture()
        let bytes = try packed.bytes()
        let length = bytes[16..<24].reversed().reduce(0) { $0 << 8 | Int($1) }
        for index in Array(0..<12) + Array(16..<32) + [32, 40, 32 + length / 2, 31 + length] {
            var changed = bytes
            changed[index] ^= 1
            try packed.write(changed)
            #expect(throws: CheckpointError.self, "byte \(index)") { try packed.open() }
        }
        var other = bytes
        other[8] = 2
        try packed.write(other)
        #expect(try packed.complaint().contains("version 2, but this program reads version 1"))
    }

    @Test("a changed weight opens, and verifying names its tensor")
    func weights() throws {
        let packed = try PackedFixture()
        let model = try packed.open()
        let bytes = try packed.bytes()
        for tensor in model.layout.tensors {
            for place in [tensor.range.lowerBound, tensor.range.upperBound - 1] {
                var changed = bytes
                changed[model.dataStart + place] ^= 0x80
                try packed.write(changed)
                #expect(try packed.complaint().contains("tensor \"\(tensor.name)\" is damaged"))
            }
        }
    }

    @Test("a table that lies is refused, its checksum being right")
    func lies() throws {
        let packed = try PackedFixture()
        let model = try packed.open()
        let data = try packed.bytes()[model.dataStart...]
        func complaint(_ change: (inout PackedModelHeader) -> Void) throws -> String {
            var header = model.header
            change(&header)
            try packed.write(try header.encoded() + data)
            return try packed.complaint()
        }
        #expect(try complaint { _ in } == "no complaint")
        #expect(try complaint { $0.tensors[3].offset += 64 }.contains("is not described as the model's"))
        #expect(try complaint { $0.tensors[0].offset = -4096 }.contains("is not described as the model's"))
        #expect(try complaint { $0.tensors[0].bytes = .max }.contains("is not described as the model's"))
        #expect(try complaint { $0.tensors[2].format = "int8" }.contains("is not described as the model's"))
        #expect(try complaint { $0.tensors.swapAt(1, 2) }.contains("is not described as the model's"))
        #expect(try complaint { $0.tensors.removeLast() }.contains("tensors, but the model has 29"))
        #expect(try complaint { $0.weights = "int2" }.contains("are not those of this program"))
        #expect(try complaint { $0.weights = "f32" }.contains("is not described as the model's"))
        #expect(try complaint { $0.panels.columns = 32 }.contains("are not those of this program"))
        #expect(try complaint { $0.sizes.layers = 3 }.contains("config.json contradicts"))
        #expect(try complaint { $0.sizes.tiedHead = false }.contains("tensors, but the model has 30"))
    }

    @Test("a config.json of another shape is refused")
    func otherConfiguration() throws {
        let packed = try PackedFixture()
        try packed.writeConfig(hidden: 45)
        #expect(try packed.complaint().contains("hidden size 40"))
    }
}
