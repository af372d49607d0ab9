import Foundation
import TestSupport
import Testing

@testable import Models

/// Seeded damage to a good file: whatever comes of it, the reader answers with its own error or with tensors that lie
/// inside the file and do not touch each other.
@Suite("A damaged file")
struct CheckpointDamageTests {
    private let good = safetensors(Array(TestCheckpoint.tensors().prefix(8)))

    private func read(_ bytes: [UInt8], in directory: TemporaryDirectory, seed: UInt64) throws {
        try directory.write(bytes, "model.safetensors")
        do {
            let file = try SafetensorsFile(path: directory.path("model.safetensors"))
            var covered = file.entries.first?.range.lowerBound ?? bytes.count
            for entry in file.entries {
                #expect(entry.range.lowerBound == covered, "seed \(seed)")
                #expect(entry.type.byteCount(shape: entry.shape) == entry.range.count, "seed \(seed)")
                covered = entry.range.upperBound
            }
            #expect(covered == bytes.count, "seed \(seed)")
        } catch is CheckpointError {
        } catch {
            Issue.record("seed \(seed): not a CheckpointError: \(error)")
        }
    }

    @Test("never crashes the reader: bytes changed")
    func changedBytes() throws {
        let directory = try TemporaryDirectory()
        let headerEnd = 8 + Int(good[0]) + Int(good[1]) << 8
        for seed in 0..<600 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                // Mostly in the header, where it matters; digits for digits now and then, so that the JSON stays good.
                let place = Int.random(in: 0..<headerEnd, using: &random)
                bytes[place] =
                    (48...57).contains(bytes[place]) || Bool.random(using: &random)
                    ? UInt8.random(in: 48...57, using: &random) : UInt8.random(in: 0...255, using: &random)
            }
            try read(bytes, in: directory, seed: seed)
        }
    }

    @Test("never crashes the reader: bytes removed, repeated, inserted or cut off")
    func movedBytes() throws {
        let directory = try TemporaryDirectory()
        for seed in 0..<300 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var bytes = good
            let start = Int.random(in: 0..<bytes.count, using: &random)
            let range = start..<min(bytes.count, start + Int.random(in: 1...64, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeSubrange(range)
            case 1: bytes.insert(contentsOf: bytes[range], at: start)
            case 2: bytes.insert(contentsOf: range.map { _ in .random(in: 0...255, using: &random) }, at: start)
            default: bytes.removeSubrange(start...)
            }
            try read(bytes, in: directory, seed: seed)
        }
    }

    @Test("is refused wherever it is cut off")
    func everyLength() throws {
        let directory = try TemporaryDirectory()
        let small = safetensors([TestTensor(name: "a", shape: [2], bytes: Array(repeating: 1, count: 8))])
        for length in 0..<small.count {
            try directory.write(Array(small[..<length]), "model.safetensors")
            #expect(throws: CheckpointError.self, "length \(length)") {
                try SafetensorsFile(path: directory.path("model.safetensors"))
            }
        }
    }

    @Test("never crashes the reader of a configuration or an index")
    func damagedJSON() throws {
        let fixture = try TestCheckpoint(shards: 2)
        let names = ["config.json", "model.safetensors.index.json"]
        let good = try names.map { [UInt8](try Data(contentsOf: fixture.directory.url.appending(path: $0))) }
        for seed in 0..<150 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let index = Int.random(in: 0..<2, using: &random)
            var bytes = good[index]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[place] = Array("0123456789-.eE{}[]\",:tfn\\".utf8).randomElement(using: &random)!
                } else {
                    bytes.remove(at: place)
                }
            }
            try fixture.directory.write(bytes, names[index])
            do {
                try fixture.open().validate()
            } catch is CheckpointError {
            } catch {
                Issue.record("seed \(seed): not a CheckpointError: \(error)")
            }
            try fixture.directory.write(good[index], names[index])
        }
    }
}
