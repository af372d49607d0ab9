import CKernels
import Kernels

/// Rows of activations in a format's form, made by a table's own functions; gaps between rows hold poison.
final class FormedInput {
    let bytes: Memory<UInt8>
    /// Bytes from row to row.
    let stride: Int
    let scales: Memory<Float>
    let sums: Memory<Int32>
    let sumsStride: Int

    /// - Parameter gap: bytes between rows, a multiple of 4.
    init(_ format: WeightFormat, _ rows: [[Float]], gap: Int, _ kernels: pk_kernels) {
        let k = rows[0].count
        let groups = (k + 31) / 32
        let width =
            switch format {
            case .f32: k * 4
            case .bf16: (k + 1) / 2 * 2 * Int(kernels.bf16_row_bytes)
            case .int8: groups * 32 * Int(kernels.quads_row_bytes)
            case .int4: groups * 32
            }
        stride = width + gap
        sumsStride = groups + 1 + gap / 4
        bytes = Memory(rows.count * stride, repeating: 0xFF)
        scales = Memory(rows.count, repeating: .nan)
        sums = Memory(rows.count * sumsStride, repeating: 0x0F0F_0F0F)
        for (index, row) in rows.enumerated() {
            let to = UnsafeMutableRawPointer(bytes.start + index * stride)
            switch format {
            case .f32: row.withUnsafeBytes { to.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            case .bf16: kernels.form_bf16(row, Int64(k), to)
            case .int8, .int4:
                let form = format == .int8 ? kernels.form_quads! : kernels.form_int8!
                scales.start[index] = form(
                    row, Int64(k), to.assumingMemoryBound(to: Int8.self), sums.start + index * sumsStride)
            }
        }
    }
}
