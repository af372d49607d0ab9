import CKernels

/// The form in which a product reads a row of activations; each is a function of that row alone.
public enum RowForm: Sendable, Equatable {
    case f32
    /// Rounded to bf16.
    case bf16
    /// int8 with one scale, `max|x| / 127`, as int4 weights' products read it.
    case int8
    /// The same as int8 weights' products read it: where their instruction saturates, great values in two halves.
    case quads
}

/// Rows of activations as a product reads them. A borrowed view.
public struct ActivationRows: @unchecked Sendable {
    public var base: UnsafeRawPointer
    /// Bytes from row to row.
    public var stride: Int
    public var rows: Int
    // int8 and quads: a scale per row, and its sums of groups of 32 elements, then the form's last.
    var scales: UnsafePointer<Float>?
    var sums: UnsafePointer<Int32>?
    var sumsStride = 0

    /// Rows of floats, `stride` floats apart.
    public init(floats: UnsafePointer<Float>, stride: Int, rows: Int) {
        base = UnsafeRawPointer(floats)
        self.stride = stride * MemoryLayout<Float>.stride
        self.rows = rows
    }

    fileprivate init(_ formed: FormedRows, rows: Int) {
        base = UnsafeRawPointer(formed.base)
        stride = formed.stride
        self.rows = rows
        scales = formed.scales.map { UnsafePointer($0) }
        sums = formed.sums.map { UnsafePointer($0) }
        sumsStride = formed.sumsStride
    }

    func from(row: Int) -> ActivationRows {
        var part = self
        part.base += row * stride
        part.scales = scales.map { $0 + row }
        part.sums = sums.map { $0 + row * sumsStride }
        part.rows -= row
        return part
    }
}

/// Memory for rows in one form, filled row by row. Memory belongs to the allocator's region.
public struct FormedRows: @unchecked Sendable {
    public let form: RowForm
    public let base: UnsafeMutableRawPointer
    /// Bytes from row to row: not a multiple of a page, so that a tile's rows fall into different sets of a cache.
    public let stride: Int
    public let capacity: Int
    fileprivate var scales: UnsafeMutablePointer<Float>?
    fileprivate var sums: UnsafeMutablePointer<Int32>?
    fileprivate let sumsStride: Int
    private let table: UnsafePointer<pk_kernels>

    /// - Parameter width: most elements of a row.
    public init(_ form: RowForm, rows: Int, width: Int, kernels: KernelSet, from allocator: inout RegionAllocator) {
        self.form = form
        table = kernels.table
        capacity = rows
        stride = Self.stride(form, width: width, kernels: kernels)
        base = allocator.take(bytes: rows * stride)
        sumsStride = Self.groups(width) + 1
        if Self.isScaled(form) {
            scales = allocator.takeFloats(rows)
            sums = allocator.take(bytes: rows * sumsStride * 4).bindMemory(to: Int32.self, capacity: rows * sumsStride)
        }
    }

    /// Bytes that `init` takes.
    public static func footprint(_ form: RowForm, rows: Int, width: Int, kernels: KernelSet) -> Int {
        var bytes = RegionAllocator.footprint(rows * stride(form, width: width, kernels: kernels))
        if isScaled(form) {
            bytes += RegionAllocator.footprint(rows * 4) + RegionAllocator.footprint(rows * (groups(width) + 1) * 4)
        }
        return bytes
    }

    /// Row `row` ← `count` floats in this form. Different rows may be written by different lanes.
    public func form(_ x: UnsafePointer<Float>, count: Int, row: Int) {
        precondition(row < capacity, "the rows are taken")
        let out = base + row * stride
        switch form {
        case .f32: out.assumingMemoryBound(to: Float.self).update(from: x, count: count)
        case .bf16: table.pointee.form_bf16(x, Int64(count), out)
        case .int8: scales![row] = table.pointee.form_int8(x, Int64(count), wholeNumbers(out), sums! + row * sumsStride)
        case .quads:
            scales![row] = table.pointee.form_quads(x, Int64(count), wholeNumbers(out), sums! + row * sumsStride)
        }
    }

    private func wholeNumbers(_ out: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int8> {
        out.assumingMemoryBound(to: Int8.self)
    }

    public func rows(_ count: Int) -> ActivationRows {
        precondition(count <= capacity, "the rows are taken")
        return ActivationRows(self, rows: count)
    }

    private static func isScaled(_ form: RowForm) -> Bool { form == .int8 || form == .quads }

    private static func groups(_ width: Int) -> Int { (width + Int(PK_QUANT_GROUP) - 1) / Int(PK_QUANT_GROUP) }

    private static func stride(_ form: RowForm, width: Int, kernels: KernelSet) -> Int {
        let bytes =
            switch form {
            case .f32: width * 4
            case .bf16: width * Int(kernels.table.pointee.bf16_row_bytes)
            case .int8: groups(width) * Int(PK_QUANT_GROUP)
            case .quads: groups(width) * Int(PK_QUANT_GROUP) * Int(kernels.table.pointee.quads_row_bytes)
            }
        return (bytes + 63) / 64 * 64 + 64
    }
}
