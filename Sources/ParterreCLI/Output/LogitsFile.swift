import Foundation
import Parterre

/// The safetensors file of `parterre logits`, written row by row as the engine's threads compute them.
// Unchecked: the writer is only touched under the lock. (A Mutex would not let the rows' pointers in.)
final class LogitsFile: @unchecked Sendable {
    private let lock = NSLock()
    private let writer: SafetensorsWriter

    init(_ url: URL, names: [String], lengths: [Int], vocabularySize: Int) throws {
        let tensors = zip(names, lengths).map { (name: $0, shape: [$1, vocabularySize]) }
        writer = try SafetensorsWriter(url: url, tensors: tensors)
    }

    func write(_ logits: UnsafeBufferPointer<Float>, sequence: Int, row: Int) throws {
        try lock.withLock { try writer.write(logits, tensor: sequence, row: row) }
    }

    func finish() throws { try lock.withLock { try writer.finish() } }
}
