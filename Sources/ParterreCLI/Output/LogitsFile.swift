import Foundation
import Parterre
import Synchronization

/// The safetensors file of `parterre logits`, written row by row as the engine's threads compute them.
final class LogitsFile: Sendable {
    private let writer: Mutex<SafetensorsWriter>

    init(_ url: URL, names: [String], lengths: [Int], vocabularySize: Int) throws {
        let tensors = zip(names, lengths).map { (name: $0, shape: [$1, vocabularySize]) }
        writer = Mutex(try SafetensorsWriter(url: url, tensors: tensors))
    }

    func write(_ logits: UnsafeBufferPointer<Float>, sequence: Int, row: Int) throws {
        try writer.withLock { try $0.write(logits, tensor: sequence, row: row) }
    }

    func finish() throws { try writer.withLock { try $0.finish() } }
}
