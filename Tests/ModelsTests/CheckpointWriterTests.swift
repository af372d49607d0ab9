import CKernels
import Foundation
import TestSupport
import Testing

@testable import Models

@Suite("Writing a safetensors file")
struct CheckpointWriterTests {
    private func names(_ directory: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
    }

    @Test("rows come back as they were, whatever their order and the names")
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let url = directory.url.appending(path: "out.safetensors")
        let names = ["plain", "a \"quoted\" \\ name\n\u{1}/", "Ünï\u{1F600}", "e\u{301}", "\u{e9}", ""]
        let writer = try SafetensorsWriter(
            url: url, tensors: names.enumerated().map { ($1, [$0, 3]) } + [("flat", [3])])
        for tensor in names.indices.reversed() {
            for row in (0..<tensor).reversed() {
                try writer.write([0, 0, 0], tensor: tensor, row: row)
                try writer.write([Float(tensor), Float(row), .nan], tensor: tensor, row: row)
            }
        }
        try writer.write([1, -0.0, .infinity], tensor: names.count, row: 0)
        #expect(!FileManager.default.fileExists(atPath: url.path))
        try writer.finish()
        #expect(try self.names(directory) == ["out.safetensors"])

        let file = try SafetensorsFile(path: url.path)
        #expect(file.entries.count == names.count + 1)
        for (index, name) in names.enumerated() {
            let entry = try #require(file.entries.first { Array($0.name.utf8) == Array(name.utf8) })
            #expect(entry.type == .f32 && entry.shape == [index, 3])
            #expect(entry.range.lowerBound % 4 == 0)
            for row in 0..<index {
                let values = (0..<3).map {
                    file.mapping.bytes.loadUnaligned(
                        fromByteOffset: entry.range.lowerBound + (row * 3 + $0) * 4, as: UInt32.self)
                }
                #expect(values == [Float(index), Float(row), .nan].map(\.bitPattern))
            }
        }
    }

    @Test("leaves nothing behind when it is given up or not complete")
    func unfinished() throws {
        let directory = try TemporaryDirectory()
        let url = directory.url.appending(path: "out.safetensors")
        do {
            let writer = try SafetensorsWriter(url: url, tensors: [("a", [2, 1])])
            try writer.write([1], tensor: 0, row: 1)
            #expect(try names(directory).count == 1)
            let error = #expect(throws: CheckpointError.self) { try writer.finish() }
            #expect(error?.message.hasSuffix("row 0 of tensor \"a\" was never written") == true)
        }
        #expect(try names(directory).isEmpty)
    }

    @Test("keeps an older file until the new one is finished")
    func replaces() throws {
        let directory = try TemporaryDirectory()
        try directory.write("old", "out.safetensors")
        let url = directory.url.appending(path: "out.safetensors")
        let writer = try SafetensorsWriter(url: url, tensors: [("a", [1])])
        try writer.write([1], tensor: 0, row: 0)
        #expect(try String(contentsOf: url, encoding: .utf8) == "old")
        try writer.finish()
        #expect(try SafetensorsFile(path: url.path).entries.map(\.name) == ["a"])
    }

    @Test(
        "refuses names and shapes that no file can hold, before anything is written",
        arguments: [
            ([("a", [1]), ("a", [2])], "tensor \"a\" would be there twice"),
            ([("__metadata__", [1])], "has a name that the format reserves"),
            ([("a", [-1])], "has the impossible shape [-1]"),
            ([("a", [Int.max, 2])], "has the impossible shape"),
            ((0..<17).map { ("\($0)", [1 << 57]) }, "makes the file larger than any can be"),
        ] as [([(String, [Int])], String)])
    func refusals(tensors: [(String, [Int])], phrase: String) throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: CheckpointError.self) {
            try SafetensorsWriter(
                url: directory.url.appending(path: "out.safetensors"), tensors: tensors.map { (name: $0, shape: $1) })
        }
        #expect(error?.message.contains(phrase) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("out.safetensors") == true)
        #expect(try names(directory).isEmpty)
    }

    @Test("refuses a target that cannot be written, at once")
    func unwritableTargets() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: CheckpointError.self) {
            try SafetensorsWriter(url: directory.url.appending(path: "none/out.safetensors"), tensors: [("a", [1])])
        }
        #expect(error?.message.contains("none/out.safetensors: cannot be written: No such file or directory") == true)
        #expect(throws: CheckpointError.self) { try SafetensorsWriter(url: directory.url, tensors: [("a", [1])]) }
        #expect(try names(directory).isEmpty)
    }
}
