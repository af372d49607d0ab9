import Basics
public import Foundation

/// Writes a safetensors file of float32 tensors whose shapes are known beforehand, row by row in any order.
///
/// The rows go to a temporary file beside the target, which `finish()` renames: there is never a half-written file
/// under the target's name. A writer that is dropped unfinished removes its temporary file.
public final class SafetensorsWriter {
    /// The target.
    public let url: URL

    private let layout: SafetensorsLayout
    private let file: PartialFile
    /// By tensor and row.
    private var isWritten: [[Bool]]

    /// - Parameter tensors: names, all different, and shapes; the last dimension is a row.
    /// - Throws: `CheckpointError.unwritable` or `.malformedTensor`.
    public init(url: URL, tensors: [(name: String, shape: [Int])]) throws {
        self.url = url
        layout = try SafetensorsLayout(tensors, file: url.path)
        isWritten = layout.tensors.map { Array(repeating: false, count: $0.rowCount) }

        file = try PartialFile(target: url.path)
        try file.setSize(layout.fileSize)
        try layout.header.withUnsafeBytes { try file.write($0, at: 0) }
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
        try file.write(UnsafeRawBufferPointer(values), at: target.offset + row * target.rowLength * 4)
        isWritten[tensor][row] = true
    }

    public func write(_ values: [Float], tensor: Int, row: Int) throws {
        try values.withUnsafeBufferPointer { try write($0, tensor: tensor, row: row) }
    }

    /// Put the file under its name.
    ///
    /// - Throws: `CheckpointError.unwritable`, also when a row was never written; then nothing stands under the name.
    public func finish() throws {
        for (tensor, rows) in zip(layout.tensors, isWritten) {
            if let row = rows.firstIndex(of: false) {
                throw CheckpointError.unwritable(
                    file: url.path, reason: "row \(row) of tensor \(quoted(tensor.name)) was never written")
            }
        }
        try file.finish()
    }
}
