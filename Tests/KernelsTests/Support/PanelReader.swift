import CKernels
import Kernels

/// A weight panel made by a table's own packing, read where CKernels.h and panel_int4.h say that its parts lie.
struct PanelReader {
    let format: WeightFormat
    let k: Int
    let bytes: Memory<UInt8>

    /// Pack rows of any type and stride, the panel's columns. What packing leaves out stays 0xFF: a NaN.
    init(
        _ format: WeightFormat, source: UnsafeRawPointer, type: pk_type, stride: Int, k: Int, columns: Int,
        _ kernels: pk_kernels
    ) {
        (self.format, self.k) = (format, k)
        bytes = Memory(
            PanelPlan.packedBytes(columns: Int(PK_PANEL), k: k, format: format), repeating: 0xFF)
        let pack = format.pick(kernels.pack_f32, kernels.pack_bf16, kernels.pack_int8, kernels.pack_int4)
        pack?(source, Int32(type.rawValue), Int64(stride), Int64(k), Int64(columns), bytes.start)
    }

    init(_ format: WeightFormat, _ weights: [[Float]], _ kernels: pk_kernels) {
        let k = weights[0].count
        let source = Memory(weights.flatMap(\.self))
        self.init(
            format, source: source.start, type: PK_F32, stride: k, k: k, columns: weights.count, kernels)
        withExtendedLifetime(source) {}
    }

    /// Row `column` as the table itself reads it back.
    func unpacked(_ column: Int, _ kernels: pk_kernels) -> [Float] {
        let out = Memory<Float>(k, repeating: .nan)
        let unpack = format.pick(
            kernels.unpack_row_f32, kernels.unpack_row_bf16, kernels.unpack_row_int8, kernels.unpack_row_int4)
        unpack?(bytes.start, Int64(k), Int64(column), out.start)
        return out.values
    }

    /// Element `i` of a column without its scale; up to the whole steps or groups that hold K.
    func element(_ i: Int, _ column: Int) -> Float {
        switch format {
        case .f32: bytes.load(word(i, column, steps: k, block: 256), as: Float.self)
        case .bf16:
            ScalarArithmetic.float(
                bf16: bytes.load(word(i / 2, column, steps: (k + 1) / 2, block: 128) + i % 2 * 2, as: UInt16.self))
        case .int8:
            Float(Int(bytes.load(word(i / 4, column, steps: (k + 3) / 4, block: 256) + i % 4, as: UInt8.self)) - 128)
        case .int4: Float(nibble(i, column) - 8)
        }
    }

    /// The scale of element `i` of a column.
    func scale(_ i: Int, _ column: Int) -> Float {
        switch format {
        case .f32, .bf16: 1
        case .int8: bytes.load((k + 3) / 4 * 256 + column * 4, as: Float.self)
        case .int4:
            ScalarArithmetic.float(bf16: bytes.load(group(i, column) + 512 + column % 32 * 2, as: UInt16.self))
        }
    }

    /// Elements that the panel holds, K filled up.
    var heldK: Int {
        switch format {
        case .f32: k
        case .bf16: (k + 1) / 2 * 2
        case .int8: (k + 3) / 4 * 4
        case .int4: (k + 31) / 32 * 32
        }
    }

    /// [block][strip][step][32 columns][4 bytes]
    private func word(_ step: Int, _ column: Int, steps: Int, block: Int) -> Int {
        let begin = step / block * block
        let length = min(block, steps - begin)
        return (2 * begin + column / 32 * length + step - begin) * 128 + column % 32 * 4
    }

    /// [strip][group] of 576 bytes.
    private func group(_ i: Int, _ column: Int) -> Int { (column / 32 * ((k + 31) / 32) + i / 32) * 576 }

    /// [4][32 columns][4 bytes]: steps 0…3 of four elements in the low halves of the bytes, 4…7 in the high ones.
    private func nibble(_ i: Int, _ column: Int) -> Int {
        let step = i % 32 / 4
        let byte = bytes.load(group(i, column) + step % 4 * 128 + column % 32 * 4 + i % 4, as: UInt8.self)
        return Int(step < 4 ? byte & 15 : byte >> 4)
    }
}

extension WeightFormat {
    func pick<T>(_ f32: T, _ bf16: T, _ int8: T, _ int4: T) -> T {
        switch self {
        case .f32: f32
        case .bf16: bf16
        case .int8: int8
        case .int4: int4
        }
    }
}
