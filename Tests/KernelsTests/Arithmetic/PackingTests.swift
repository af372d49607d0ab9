import CKernels
import Kernels
import TestSupport
import Testing

@Suite struct PackingTests {
    /// A row-major matrix as a checkpoint holds it: any bits, rows with a gap, at an odd address.
    struct Source {
        let type: pk_type
        let (columns, k, stride): (Int, Int, Int)
        let bytes: Memory<UInt8>
        var start: UnsafeRawPointer { UnsafeRawPointer(bytes.start + 1) }
        var size: Int { type == PK_F32 ? 4 : 2 }

        init(_ type: pk_type, columns: Int, k: Int, gap: Int, seed: UInt64) {
            var random = SplitMix64(seed: seed)
            (self.type, self.columns, self.k, stride) = (type, columns, k, k + gap)
            bytes = Memory(
                (0..<(4 * columns * (k + gap) + 1)).map { _ in UInt8.random(in: 0...255, using: &random) }, fallback: 0)
        }

        func element(_ column: Int, _ k: Int) -> Float {
            let at = start + (column * stride + k) * size
            switch type {
            case PK_F32: return Float(bitPattern: at.loadUnaligned(as: UInt32.self))
            case PK_F16: return ScalarArithmetic.float(f16: at.loadUnaligned(as: UInt16.self))
            default: return ScalarArithmetic.float(bf16: at.loadUnaligned(as: UInt16.self))
            }
        }
    }

    static func same(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN) }

    static let types = [PK_F32, PK_F16, PK_BF16]
    static let shapes = [(1, 1), (1, 2), (64, 64), (63, 65), (5, 63), (64, 127), (17, 130), (40, 1)]

    @Test("a float32 panel holds the source's values exactly, zeros beside them, and reads back")
    func floatPanels() {
        for (seed, type) in Self.types.enumerated() {
            for (columns, k) in Self.shapes {
                let source = Source(type, columns: columns, k: k, gap: 3, seed: UInt64(seed))
                let panel = Memory<Float>(k * 64, repeating: .nan)
                pk_pack_f32(
                    source.start, Int32(type.rawValue), Int64(source.stride), Int64(k), Int64(columns), panel.start)
                let row = Memory<Float>(k, repeating: 0)
                for column in 0..<64 {
                    pk_unpack_row_f32(panel.start, Int64(k), Int64(column), row.start)
                    let good = (0..<k).allSatisfy { i in
                        let expected = column < columns ? source.element(column, i) : 0
                        return Self.same(panel.start[i * 64 + column], expected) && Self.same(row.start[i], expected)
                    }
                    #expect(good, "type \(type.rawValue), \(columns) × \(k), column \(column), seed \(seed)")
                }
            }
        }
    }

    @Test("a bf16 panel holds pairs, rounded to nearest even, with +0 for an odd tail, and reads back")
    func bf16Panels() {
        for (seed, type) in Self.types.enumerated() {
            for (columns, k) in Self.shapes {
                let source = Source(type, columns: columns, k: k, gap: 2, seed: UInt64(seed) + 10)
                let pairs = (k + 1) / 2
                let panel = Memory<UInt16>(pairs * 128, repeating: 0x7FC0)
                pk_pack_bf16(
                    source.start, Int32(type.rawValue), Int64(source.stride), Int64(k), Int64(columns), panel.start)
                let row = Memory<Float>(k, repeating: 0)
                for column in 0..<64 {
                    pk_unpack_row_bf16(panel.start, Int64(k), Int64(column), row.start)
                    let good = (0..<(2 * pairs)).allSatisfy { i in
                        let held = ScalarArithmetic.float(bf16: panel.start[(i / 2 * 64 + column) * 2 + i % 2])
                        guard column < columns, i < k else { return held.bitPattern == 0 }
                        let expected = ScalarArithmetic.float(bf16: ScalarArithmetic.bf16(source.element(column, i)))
                        return Self.same(held, expected) && Self.same(row.start[i], expected)
                    }
                    #expect(good, "type \(type.rawValue), \(columns) × \(k), column \(column), seed \(seed)")
                }
            }
        }
    }

    @Test("every f16 and every bf16 becomes the float of the same value")
    func conversions() {
        let all = (0..<65536).map { UInt16($0) }
        for type in [PK_F16, PK_BF16] {
            let out = Memory<Float>(all.count, repeating: 0)
            pk_convert_to_f32(all, Int32(type.rawValue), Int64(all.count), out.start)
            let wrong = all.filter { bits in
                let expected = type == PK_F16 ? ScalarArithmetic.float(f16: bits) : ScalarArithmetic.float(bf16: bits)
                return !Self.same(out.start[Int(bits)], expected)
            }
            #expect(wrong.isEmpty)
        }
    }

    @Test("names are listed best first, the portable kernels always run, an unknown name finds none")
    func dispatch() {
        #expect(pk_find("portable") != nil)
        #expect(pk_find("avx1024") == nil)
        #expect(pk_find("avx512bf16:other") == nil)
        #expect(KernelSet.available.last == "portable")
        for name in KernelSet.available { #expect(pk_find(name).map { String(cString: $0.pointee.name) } == name) }
        #expect(Set(instructionSets.map { String(cString: $0.kernels.name) }) == Set(KernelSet.available))
    }
}
