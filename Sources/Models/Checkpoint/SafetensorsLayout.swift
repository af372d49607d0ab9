import Basics
import Foundation

/// Where the float32 tensors of a file to be written will lie, and the header that says so.
struct SafetensorsLayout {
    struct Tensor {
        let name: String
        /// Byte of the file where the tensor begins.
        let offset: Int
        /// Product of all dimensions but the last.
        let rowCount: Int
        /// The last dimension.
        let rowLength: Int
    }

    /// The file's first bytes: length and JSON, padded with spaces so that the data begins at a multiple of 8.
    let header: [UInt8]
    let tensors: [Tensor]
    let fileSize: Int

    /// - Throws: `CheckpointError.malformedTensor` or `.unwritable`; `file` is the name for it.
    init(_ shapes: [(name: String, shape: [Int])], file: String) throws {
        var json = "{\"\(SafetensorsHeaderScanner.metadataKey)\":{\"format\":\"pt\"}"
        var names: Set<[UInt8]> = []
        var relative: [Tensor] = []
        var end = 0
        for (name, shape) in shapes {
            func failure(_ problem: String) -> CheckpointError {
                .malformedTensor(name, file: file, problem: problem)
            }
            guard name != SafetensorsHeaderScanner.metadataKey else {
                throw failure("has a name that the format reserves")
            }
            guard names.insert(Array(name.utf8)).inserted else {
                throw failure("would be there twice: names must differ")
            }
            guard shape.allSatisfy({ $0 >= 0 }), let size = ElementType.f32.byteCount(shape: shape) else {
                throw failure("has the impossible shape \(printable(shape))")
            }
            let (next, overflow) = end.addingReportingOverflow(size)
            guard !overflow else { throw failure("makes the file larger than any can be") }

            let quotedName = String(decoding: try JSONEncoder().encode(name), as: UTF8.self)
            let dimensions = shape.map(String.init).joined(separator: ",")
            json += ",\(quotedName):{\"dtype\":\"F32\",\"shape\":[\(dimensions)],\"data_offsets\":[\(end),\(next)]}"
            relative.append(
                Tensor(
                    name: name, offset: end, rowCount: shape.dropLast().reduce(1, *), rowLength: shape.last ?? 1))
            end = next
        }
        json += "}"

        var text = Array(json.utf8)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        guard text.count <= SafetensorsFile.largestHeader else {
            throw CheckpointError.unwritable(file: file, reason: "\(shapes.count) tensors are too many for one header")
        }
        let start = 8 + text.count
        let (size, overflow) = end.addingReportingOverflow(start)
        guard !overflow else { throw CheckpointError.unwritable(file: file, reason: "it would be too large") }
        header = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
        tensors = relative.map {
            Tensor(name: $0.name, offset: start + $0.offset, rowCount: $0.rowCount, rowLength: $0.rowLength)
        }
        fileSize = size
    }
}
