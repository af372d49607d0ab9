public import CKernels

/// A row-major matrix or vector as a checkpoint stores it: `[rows, k]`, elements maybe unaligned. A borrowed view.
public struct SourceMatrix: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer
    public let type: pk_type
    public let rows: Int
    public let k: Int

    /// - Precondition: `bytes` holds rows × k elements of `type`.
    public init(bytes: UnsafeRawBufferPointer, type: pk_type, rows: Int, k: Int) {
        self.bytes = bytes
        self.type = type
        self.rows = rows
        self.k = k
        precondition(bytes.count == rows * k * elementBytes, "a source matrix has rows × k elements")
    }

    var elementBytes: Int { type == PK_F32 ? 4 : 2 }

    func row(_ row: Int) -> UnsafeRawPointer { bytes.baseAddress! + row * k * elementBytes }

    /// Write all elements as float32.
    public func convert(to out: UnsafeMutablePointer<Float>, kernels: KernelSet) {
        guard rows * k > 0 else { return }
        kernels.table.pointee.convert_to_f32(bytes.baseAddress!, Int32(type.rawValue), Int64(rows * k), out)
    }
}
