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
    static let shapes = [
        (1, 1), (1, 2), (64, 64), (63, 65), (5, 63), (33, 127), (17, 130), (40, 1), (32, 256), (31, 257), (64, 300),
    ]

    @Test(
        "a float32 or bf16 panel holds the source's values, rounded to nearest even, zeros beside them, and reads back",
        arguments: [WeightFormat.f32, .bf16])
    func values(_ format: WeightFormat) {
        for (seed, type) in Self.types.enumerated() {
            for (columns, k) in Self.shapes {
                let source = Source(type, columns: columns, k: k, gap: 3, seed: UInt64(seed))
                for (name, kernels) in instructionSets {
                    let panel = PanelReader(
                        format, source: source.start, type: type, stride: source.stride, k: k, columns: columns, kernels
                    )
                    for column in 0..<64 {
                        let row = panel.unpacked(column, kernels)
                        let good = (0..<panel.heldK).allSatisfy { i in
                            let held = panel.element(i, column)
                            guard column < columns, i < k else { return held.bitPattern == 0 }
                            let value = source.element(column, i)
                            let expected =
                                format == .f32 ? value : ScalarArithmetic.float(bf16: ScalarArithmetic.bf16(value))
                            return Self.same(held, expected) && Self.same(row[i], expected)
                        }
                        #expect(
                            good, "\(name), type \(type.rawValue), \(columns) × \(k), column \(column), seed \(seed)")
                    }
                }
            }
        }
    }

    @Test(
        "all instruction sets pack the same panel, every byte of it, and read the same back",
        arguments: WeightFormat.allCases)
    func samePanels(_ format: WeightFormat) {
        for (seed, type) in Self.types.enumerated() {
            for (columns, k) in Self.shapes {
                let source = Source(type, columns: columns, k: k, gap: 1, seed: UInt64(seed) + 20)
                let panels = instructionSets.map { _, kernels in
                    PanelReader(
                        format, source: source.start, type: type, stride: source.stride, k: k, columns: columns, kernels
                    )
                }
                for (index, (name, kernels)) in instructionSets.enumerated() {
                    #expect(
                        panels[index].bytes.values == panels[0].bytes.values,
                        "\(name), type \(type.rawValue), \(columns) × \(k), seed \(seed)")
                    for column in [0, columns - 1, 63] {
                        let back = panels[index].unpacked(column, kernels)
                        let good = (0..<k).allSatisfy {
                            Self.same(back[$0], panels[0].element($0, column) * panels[0].scale($0, column))
                        }
                        #expect(good, "\(name), type \(type.rawValue), \(columns) × \(k), column \(column)")
                    }
                }
            }
        }
    }

    @Test("every f16 and every bf16 becomes the float of the same value")
    func conversions() {
        let all = (0..<65536).map { UInt16($0) }
        for type in [PK_F16, PK_BF16] {
            for (name, kernels) in instructionSets {
                let out = Memory<Float>(all.count, repeating: 0)
                kernels.convert_to_f32(all, Int32(type.rawValue), Int64(all.count), out.start)
                let wrong = all.filter { bits in
                    let expected =
                        type == PK_F16 ? ScalarArithmetic.float(f16: bits) : ScalarArithmetic.float(bf16: bits)
                    return !Self.same(out.start[Int(bits)], expected)
                }
                #expect(wrong.isEmpty, "\(name), type \(type.rawValue)")
            }
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
