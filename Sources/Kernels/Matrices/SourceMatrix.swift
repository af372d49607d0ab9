public import CKernels

/// A row-major matrix or vector as a checkpoint stores it: `[rows, k]`, elements maybe unaligned. A borrowed view, of the
/// whole or of a stretch of its rows.
public struct SourceMatrix: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer
    public let type: pk_type
    /// Rows of the whole matrix.
    public let rows: Int
    public let k: Int
    /// The rows that `bytes` holds.
    public let held: Range<Int>

    /// - Parameter held: the rows that are in `bytes`; `nil`: all.
    /// - Precondition: `bytes` holds held.count × k elements of `type`.
    public init(bytes: UnsafeRawBufferPointer, type: pk_type, rows: Int, k: Int, held: Range<Int>? = nil) {
        self.bytes = bytes
        self.type = type
        self.rows = rows
        self.k = k
        self.held = held ?? 0..<rows
        precondition((0...rows).contains(self.held.lowerBound) && self.held.upperBound <= rows, "rows of the matrix")
        precondition(bytes.count == self.held.count * k * elementBytes, "a source matrix has rows × k elements")
    }

    var elementBytes: Int { type == PK_F32 ? 4 : 2 }

    func row(_ row: Int) -> UnsafeRawPointer {
        precondition(held.contains(row), "the row is there")
        return bytes.baseAddress! + (row - held.lowerBound) * k * elementBytes
    }

    /// Write all elements that are held as float32.
    public func convert(to out: UnsafeMutablePointer<Float>, kernels: KernelSet) {
        guard held.count * k > 0 else { return }
        kernels.table.pointee.convert_to_f32(bytes.baseAddress!, Int32(type.rawValue), Int64(held.count * k), out)
    }
}
