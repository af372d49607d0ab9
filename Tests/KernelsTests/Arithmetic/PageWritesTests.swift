import CKernels
import TestSupport
import Testing

@testable import Kernels

/// Where keys and values are written in pages, byte by byte, and that nothing beside them is touched: it may be another
/// lane's, even the other half of a word.
@Suite struct PageWritesTests {
    static let headDims = [1, 2, 3, 15, 16, 17, 33, 40, 64, 80, 127, 128]
    static let groupsPerBlock = 2
    static let blocks = 3

    /// Pages of one head, filled with what no test writes.
    struct Pages {
        let format: KeyValueFormat
        let headDim: Int
        let memory: Memory<UInt8>
        let table = Memory<Int32>([2, 0, 1], fallback: 0)

        init(_ format: KeyValueFormat, headDim: Int) {
            self.format = format
            self.headDim = headDim
            let group = format.keyGroupBytes(headDim: headDim) + format.valueGroupBytes(headDim: headDim)
            memory = Memory(group * PageWritesTests.groupsPerBlock * PageWritesTests.blocks, repeating: 0xA5)
        }

        private var keyBytes: Int { format.keyGroupBytes(headDim: headDim) }
        private var valueBytes: Int { format.valueGroupBytes(headDim: headDim) }
        private var blockBytes: Int { (keyBytes + valueBytes) * PageWritesTests.groupsPerBlock }

        var call: pk_pages {
            var pages = pk_pages()
            pages.keys = UnsafeMutableRawPointer(memory.start).assumingMemoryBound(to: CChar.self)
            pages.values = pages.keys + keyBytes * PageWritesTests.groupsPerBlock
            pages.block_stride = Int64(blockBytes)
            pages.block_table = UnsafePointer(table.start)
            pages.groups_per_block = Int32(PageWritesTests.groupsPerBlock)
            pages.head_dim = Int32(headDim)
            pages.format = format.code
            return pages
        }

        /// Where the group of a position begins: of its keys, and of its values.
        private func groups(_ position: Int) -> (keys: Int, values: Int) {
            let group = position / 16
            let block = Int(table.values[group / PageWritesTests.groupsPerBlock]) * blockBytes
            let inside = group % PageWritesTests.groupsPerBlock
            return (
                block + inside * keyBytes,
                block + keyBytes * PageWritesTests.groupsPerBlock + inside * valueBytes
            )
        }

        /// Where a dim's bytes lie, as CKernels.h describes it (pk_page_format).
        func offset(_ part: KeyValuePart, _ position: Int, dim: Int) -> Int {
            let (keys, values) = groups(position)
            let slot = position % 16
            let stride = (headDim + 15) / 16 * 16
            return switch (part, format) {
            case (.key, .f32): keys + (dim * 16 + slot) * 4
            case (.key, .bf16): keys + (dim / 2 * 16 + slot) * 4 + dim % 2 * 2
            case (.key, .int8): keys + 64 + dim * 16 + slot
            case (.value, .f32): values + (slot * stride + dim) * 4
            case (.value, .bf16): values + (slot / 2 * stride + dim) * 4 + slot % 2 * 2
            case (.value, .int8): values + 64 + slot * stride + dim
            }
        }

        func scaleOffset(_ part: KeyValuePart, _ position: Int) -> Int {
            (part == .key ? groups(position).keys : groups(position).values) + position % 16 * 4
        }
    }

    static func bytes(of value: Float, _ format: KeyValueFormat) -> [UInt8] {
        format == .f32
            ? withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
            : withUnsafeBytes(of: ScalarArithmetic.bf16(value).littleEndian, Array.init)
    }

    /// A number of any kind, now and then none.
    static func number(_ random: inout SplitMix64) -> Float {
        switch random.next() % 40 {
        case 0: .nan
        case 1: 0x1p-130
        case 2: -0.0
        case 3: .greatestFiniteMagnitude
        default: random.normal()
        }
    }

    @Test(
        "f32 and bf16: the dims of the tokens that are given, each in its place, no other byte", arguments: headDims,
        [KeyValueFormat.f32, .bf16])
    func pieces(_ headDim: Int, _ format: KeyValueFormat) {
        for seed in 0..<UInt64(24) {
            var random = SplitMix64(seed: seed)
            let first = Int(random.next() % UInt64(headDim))
            let dims = seed % 3 == 0 ? headDim - first : 1 + Int(random.next() % UInt64(headDim - first))
            let position = Int(random.next() % 60)
            let rows = 1 + Int(random.next() % UInt64(96 - position))
            let stride = dims + 3
            let from = Memory((0..<rows * stride).map { _ in Self.number(&random) })
            for part in [KeyValuePart.key, .value] {
                for (name, kernels) in instructionSets {
                    let pages = Pages(format, headDim: headDim)
                    var expected = pages.memory.values
                    for row in 0..<rows {
                        for d in 0..<dims {
                            let at = pages.offset(part, position + row, dim: first + d)
                            let bytes = Self.bytes(of: from.start[row * stride + d], format)
                            expected.replaceSubrange(at..<at + bytes.count, with: bytes)
                        }
                    }
                    var call = pk_store_call()
                    call.pages = pages.call
                    call.first_position = Int64(position)
                    call.rows = Int64(rows)
                    call.first_dim = Int64(first)
                    call.dims = Int64(dims)
                    call.from = UnsafePointer(from.start)
                    call.stride = Int64(stride)
                    if part == .key {
                        let square = kernels.store_keys(&call)
                        let norms = (0..<rows).map { row in
                            (0..<dims).reduce(0.0) { sum, d in
                                let value = Double(from.start[row * stride + d])
                                return sum + value * value
                            }
                        }
                        let greatest = norms.contains(where: \.isNaN) ? .infinity : Float(norms.max()!)
                        #expect(
                            square == greatest || (square / greatest - 1).magnitude < 0x1p-18,
                            "\(name), seed \(seed): \(square) for \(greatest)")
                    } else {
                        kernels.store_values(&call)
                    }
                    #expect(
                        pages.memory.values == expected, "\(name), seed \(seed): dims \(first)+\(dims) of \(headDim)")
                }
            }
        }
    }

    @Test("int8: a token's form and its scale, no other byte", arguments: headDims)
    func forms(_ headDim: Int) {
        for seed in 0..<UInt64(8) {
            var random = SplitMix64(seed: seed)
            let form = Memory((0..<headDim).map { _ in Int8(Int(random.next() % 255) - 127) }, fallback: 0)
            let scale = random.normal().magnitude
            let position = Int(random.next() % 96)
            for part in [KeyValuePart.key, .value] {
                for (name, kernels) in instructionSets {
                    let pages = Pages(.int8, headDim: headDim)
                    var expected = pages.memory.values
                    for (d, value) in form.values.enumerated() {
                        expected[pages.offset(part, position, dim: d)] = UInt8(bitPattern: value)
                    }
                    let at = pages.scaleOffset(part, position)
                    expected.replaceSubrange(at..<at + 4, with: Self.bytes(of: scale, .f32))
                    var call = pk_store_form_call()
                    call.pages = pages.call
                    call.position = Int64(position)
                    call.form = UnsafePointer(form.start)
                    call.scale = scale
                    if part == .key {
                        let sum = form.values.reduce(0) { $0 + Int($1) * Int($1) }
                        #expect(kernels.store_key_form(&call) == Float(sum) * scale * scale, "\(name), seed \(seed)")
                    } else {
                        kernels.store_value_form(&call)
                    }
                    #expect(pages.memory.values == expected, "\(name), seed \(seed): \(part) of \(headDim) dims")
                }
            }
        }
    }
}
