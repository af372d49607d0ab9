import CKernels
import Foundation
import Kernels
import TestSupport
import Testing

/// What int8 and int4 keep of weights and rows.
@Suite struct QuantizationTests {
    static let lengths = [1, 3, 4, 5, 31, 32, 33, 64, 127, 128, 129, 255, 256, 257, 1000, 1025]

    /// A column of some kind: plain, with few great values, equal values, tiny or huge ones.
    static func column(_ kind: Int, _ k: Int, using random: inout SplitMix64) -> [Float] {
        (0..<k).map { i in
            let value = random.normal()
            return switch kind % 8 {
            case 0: value
            case 1: value.magnitude + 0.01  // one sign
            case 2: i % 17 == 3 ? 40 * value : value
            case 3: -0.75
            case 4: 0
            case 5: value * 0x1p-90
            case 6: value * 0x1p100
            default: Float(Int(value * 3))  // few values, many of them on a border
            }
        }
    }

    static func columns(_ k: Int) -> [[Float]] {
        var random = SplitMix64(seed: UInt64(k))
        return (0..<64).map { column($0, k, using: &random) }
    }

    @Test(
        "an int8 column is its values over max|w|/127, to nearest even: off by half a scale at most", arguments: lengths
    )
    func int8Columns(_ k: Int) {
        let weights = Self.columns(k)
        for (name, kernels) in instructionSets {
            let panel = PanelReader(.int8, weights, kernels)
            for (column, w) in weights.enumerated() {
                let (values, scale) = ScalarArithmetic.int8(w)
                #expect(panel.scale(0, column).bitPattern == scale.bitPattern, "\(name), k \(k), column \(column)")
                let good = (0..<panel.heldK).allSatisfy { i in
                    guard i < k else { return panel.element(i, column) == 0 }
                    let error = (Double(panel.element(i, column)) * Double(scale) - Double(w[i])).magnitude
                    // The scale itself is rounded, and its inverse.
                    return panel.element(i, column) == values[i]
                        && error <= Double(scale) / 2 + 0x1p-22 * Double(w[i].magnitude)
                }
                #expect(good, "\(name), k \(k), column \(column)")
            }
        }
    }

    @Test(
        "an int4 group is its values over its scale, and no worse than with the plain scale max/−8", arguments: lengths)
    func int4Groups(_ k: Int) {
        let weights = Self.columns(k)
        for (name, kernels) in instructionSets {
            let panel = PanelReader(.int4, weights, kernels)
            for (column, w) in weights.enumerated() {
                for begin in stride(from: 0, to: panel.heldK, by: 32) {
                    let values = (begin..<(begin + 32)).map { $0 < k ? w[$0] : 0 }
                    let scale = panel.scale(begin, column)
                    let found = (begin..<(begin + 32)).map { panel.element($0, column) }
                    #expect(
                        found == Self.int4(values, scale: scale), "\(name), k \(k), column \(column), element \(begin)")
                    let plain = Self.plainScale(values)
                    let best = Self.error(values, Self.int4(values, scale: plain), plain)
                    #expect(
                        Self.error(values, found, scale) <= best * (1 + 1e-5),
                        "\(name), k \(k), column \(column), element \(begin)")
                }
            }
        }
    }

    /// The value of greatest magnitude becomes −8; of two that differ in sign the negative one.
    static func plainScale(_ values: [Float]) -> Float {
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        return ScalarArithmetic.float(bf16: ScalarArithmetic.bf16((most > -least ? most : least) / -8))
    }

    static func int4(_ values: [Float], scale: Float) -> [Float] {
        guard scale != 0 else { return values.map { _ in 0 } }
        let inverse = Double(1 / scale)
        return values.map { Float(min(7, max(-8, (Double($0) * inverse).rounded(.toNearestOrEven)))) }
    }

    static func error(_ values: [Float], _ q: [Float], _ scale: Float) -> Double {
        zip(values, q).reduce(0) { $0 + pow(Double($1.0) - Double($1.1) * Double(scale), 2) }
    }

    @Test("a better scale than the plain one is found where there is one")
    func int4Search() {
        var random = SplitMix64(seed: 4)
        let weights = (0..<64).map { _ in Self.column(0, 256, using: &random) }
        let panel = PanelReader(.int4, weights, instructionSets[0].kernels)
        var (searched, plain) = (0.0, 0.0)
        for (column, w) in weights.enumerated() {
            for begin in stride(from: 0, to: 256, by: 32) {
                let values = Array(w[begin..<(begin + 32)])
                let scale = Self.plainScale(values)
                plain += Self.error(values, Self.int4(values, scale: scale), scale)
                searched += Self.error(
                    values, (begin..<(begin + 32)).map { panel.element($0, column) }, panel.scale(begin, column))
            }
        }
        #expect(searched < 0.9 * plain, "\(searched) against \(plain)")
    }

    @Test(
        "an int8 row is its values over max|x|/127 with the offsets of its groups and the sum of all",
        arguments: lengths)
    func int8Rows(_ k: Int) {
        for (kind, row) in Self.columns(k).prefix(16).enumerated() {
            let expected = ScalarArithmetic.int8(row)
            for (name, kernels) in instructionSets {
                Self.check(kernels, row, expected, "\(name), k \(k), kind \(kind)")
            }
        }
    }

    static func check(
        _ kernels: pk_kernels, _ row: [Float], _ expected: (values: [Float], scale: Float), _ comment: Comment
    ) {
        let groups = (row.count + 31) / 32
        let out = Memory<Int8>(groups * 32 + 16, repeating: 99)
        let sums = Memory<Int32>(groups + 2, repeating: 77)
        let scale = kernels.form_int8(row, Int64(row.count), out.start, sums.start)
        #expect(scale.bitPattern == expected.scale.bitPattern || (scale.isNaN && expected.scale.isNaN), comment)
        let filled = expected.values.map { Int8($0) } + [Int8](repeating: 0, count: groups * 32 - row.count)
        #expect(out.values == filled + [Int8](repeating: 99, count: 16), comment)
        let offsets = (0..<groups).map { g in
            offset(filled[(32 * g)..<(32 * g + 32)].map(Int32.init), inPairs: kernels.quads_row_bytes == 3)
        }
        #expect(sums.values == offsets + [filled.reduce(0) { $0 + Int32($1) }, 77], comment)
    }

    /// −8·Σ q, or with the kernels of `pmaddubsw` that of the even pairs and that of the odd ones, in 16 bits each.
    private static func offset(_ group: [Int32], inPairs: Bool) -> Int32 {
        guard inPairs else { return -8 * group.reduce(0, +) }
        let halves = (0...1).map { half in
            -8 * group.indices.reduce(0) { $1 / 2 % 2 == half ? $0 + group[$1] : $0 }
        }
        return Int32(truncatingIfNeeded: halves[0] & 0xFFFF) | halves[1] << 16
    }

    @Test("the quads form is the int8 form, or where sums of two products saturate its split quads", arguments: lengths)
    func quads(_ k: Int) {
        for (kind, row) in Self.columns(k).prefix(16).enumerated() {
            for (name, kernels) in instructionSets {
                let comment: Comment = "\(name), k \(k), kind \(kind)"
                let groups = (k + 31) / 32
                let plain = Memory<Int8>(groups * 32, repeating: 99)
                let plainSums = Memory<Int32>(groups + 2, repeating: 77)
                let scale = kernels.form_int8(row, Int64(k), plain.start, plainSums.start)
                let bytes = groups * 32 * Int(kernels.quads_row_bytes)
                let out = Memory<Int8>(bytes + 16, repeating: 99)
                let sums = Memory<Int32>(groups + 2, repeating: 77)
                let own = kernels.form_quads(row, Int64(k), out.start, sums.start)
                #expect(own.bitPattern == scale.bitPattern || (own.isNaN && scale.isNaN), comment)
                #expect(sums.values == plainSums.values, comment)
                #expect(out.values[bytes...] == [Int8](repeating: 99, count: 16)[...], comment)
                if kernels.quads_row_bytes == 1 {
                    #expect(out.values[..<bytes] == plain.values[...], comment)
                } else {
                    Self.checkSplit(out.values, of: plain.values, comment)
                }
            }
        }
    }

    /// Blocks of 256 quads, in 12 bytes each: their first halves or whole quads, the second halves, which quads' they are, how
    /// many. Only a quad with a pair beyond ±128 is split, and neither half has one.
    static func checkSplit(_ row: [Int8], of plain: [Int8], _ comment: Comment) {
        func isGreat(_ quad: [Int]) -> Bool { max(abs(quad[0] + quad[1]), abs(quad[2] + quad[3])) > 128 }
        func quad(_ bytes: [Int8], _ at: Int) -> [Int] { bytes[at..<(at + 4)].map(Int.init) }
        let quads = plain.count / 4
        for first in stride(from: 0, to: quads, by: 256) {
            let count = min(256, quads - first)
            let block = first * 12
            let listed = (0..<4).reduce(0) { $0 | Int(UInt8(bitPattern: row[block + 9 * count + $1])) << (8 * $1) }
            let places = (0..<listed).map { Int(UInt8(bitPattern: row[block + 8 * count + $0])) }
            #expect(places == (0..<count).filter { isGreat(quad(plain, 4 * (first + $0))) }, comment)
            var found = (0..<count).map { quad(row, block + 4 * $0) }
            #expect(!found.contains(where: isGreat), comment)
            for (index, place) in places.enumerated() {
                let second = quad(row, block + 4 * (count + index))
                #expect(!isGreat(second), comment)
                for i in 0..<4 { found[place][i] += second[i] }
            }
            #expect(found.flatMap { $0 } == plain[(4 * first)..<(4 * (first + count))].map(Int.init), comment)
        }
    }

    /// One odd value at each place of a row, so that every lane of every step has met it.
    static let strange: [Float] = [
        .nan, -.nan, .infinity, -.infinity, 0x1p-120, Float(0x1p-120).nextDown, .leastNonzeroMagnitude,
        .greatestFiniteMagnitude / 2, -0.0,  // half: 127 rounded scales must be a float too
    ]

    @Test(
        "a row or column with a NaN or an infinity shows it in its scale; one that is tiny is zero", arguments: strange)
    func strangeValues(_ value: Float) {
        let k = 70
        for background: Float in [0, 0.5] {
            var weights = [[Float]](repeating: [Float](repeating: background, count: k), count: 64)
            for column in 0..<64 { weights[column][column] = value }
            for (name, kernels) in instructionSets {
                for row in weights { Self.check(kernels, row, ScalarArithmetic.int8(row), "\(name)") }
                let int8 = PanelReader(.int8, weights, kernels)
                let int4 = PanelReader(.int4, weights, kernels)
                for column in 0..<64 {
                    let expected = ScalarArithmetic.int8(weights[column])
                    #expect((0..<k).map { int8.element($0, column) } == expected.values, "\(name), column \(column)")
                    let scale = int8.scale(0, column)
                    #expect(
                        scale.bitPattern == expected.scale.bitPattern || (scale.isNaN && expected.scale.isNaN),
                        "\(name), column \(column)")
                    let own = int4.scale(column, column)
                    #expect(own.isFinite == value.isFinite, "\(name), column \(column)")
                    #expect(int4.scale((column + 32) % 64, column).isFinite, "\(name), column \(column)")
                    let back = (int8.unpacked(column, kernels)[column], int4.unpacked(column, kernels)[column])
                    #expect(back.0.isFinite == value.isFinite, "\(name), column \(column)")
                    #expect(back.1.isFinite == value.isFinite, "\(name), column \(column)")
                }
            }
        }
    }

    @Test("a row of zeros yields the bias, a column of zeros too", arguments: [WeightFormat.int8, .int4])
    func zeros(_ format: WeightFormat) {
        var problem = PanelProblem(format, k: 97, rows: 3, seed: 5)
        problem.x[1] = [Float](repeating: 0, count: 97)
        problem.weights[40] = [Float](repeating: 0, count: 97)
        for (name, kernels) in instructionSets {
            let y = problem.run(kernels)
            #expect(Array(y[64..<128]) == problem.bias, "\(name)")
            #expect((0..<3).allSatisfy { y[$0 * 64 + 40] == problem.bias[40] }, "\(name)")
        }
    }
}
