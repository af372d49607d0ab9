public import Foundation

/// Writes a safetensors file of float32 tensors whose shapes are known beforehand, row by row in any order.
///
/// The rows go to a temporary file beside the target, which `finish()` renames: there is never a half-written file
/// under the target's name. A writer that is dropped unfinished removes its temporary file.
public final class SafetensorsWriter {
    /// The target.
    public let url: URL

    private let layout: SafetensorsLayout
    private let temporaryPath: String
    private let descriptor: Int32
    /// By tensor and row.
    private var isWritten: [[Bool]]
    private var isFinished = false

    /// - Parameter tensors: names, all different, and shapes; the last dimension is a row.
    /// - Throws: `CheckpointError.unwritable` or `.malformedTensor`.
    public init(url: URL, tensors: [(name: String, shape: [Int])]) throws {
        self.url = url
        layout = try SafetensorsLayout(tensors, file: url.path)
        isWritten = layout.tensors.map { Array(repeating: false, count: $0.rowCount) }

        // Found out now and not by the rename at the end of a long run.
        if let type = try? FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType,
            type != .typeRegular, type != .typeSymbolicLink
        {
            throw CheckpointError.unwritable(file: url.path, reason: "there is something that is not a regular file")
        }
        temporaryPath = "\(url.path).\(String(UInt32.random(in: .min ... .max), radix: 36)).partial"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure() }
        guard ftruncate(descriptor, off_t(layout.fileSize)) == 0 else { throw failure() }
        try layout.header.withUnsafeBytes { try write($0, at: 0) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        if !isFinished { unlink(temporaryPath) }
    }

    /// Write one row. The same row may be written again.
    ///
    /// - Parameters:
    ///   - tensor: index into the tensors given at the start.
    ///   - row: index of the row, counted over all leading dimensions.
    /// - Throws: `CheckpointError.unwritable`, as on a full disk.
    public func write(_ values: UnsafeBufferPointer<Float>, tensor: Int, row: Int) throws {
        let target = layout.tensors[tensor]
        precondition(values.count == target.rowLength, "a row of \(target.name) has \(target.rowLength) values")
        precondition((0..<target.rowCount).contains(row), "\(target.name) has no row \(row)")
        try write(UnsafeRawBufferPointer(values), at: target.offset + row * target.rowLength * 4)
        isWritten[tensor][row] = true
    }

    public func write(_ values: [Float], tensor: Int, row: Int) throws {
        try values.withUnsafeBufferPointer { try write($0, tensor: tensor, row: row) }
    }

    /// Put the file under its name.
    ///
    /// - Throws: `CheckpointError.unwritable`, also when a row was never written; then nothing stands under the name.
    public func finish() throws {
        precondition(!isFinished, "finish() is called once")
        for (tensor, rows) in zip(layout.tensors, isWritten) {
            if let row = rows.firstIndex(of: false) {
                throw CheckpointError.unwritable(
                    file: url.path, reason: "row \(row) of tensor \(quoted(tensor.name)) was never written")
            }
        }
        guard rename(temporaryPath, url.path) == 0 else { throw failure() }
        isFinished = true
    }

    // Every supported host is little-endian, as the format is.
    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw failure() }
            done += written
        }
    }

    private func failure() -> CheckpointError { .unwritable(file: url.path, reason: systemReason()) }
}
