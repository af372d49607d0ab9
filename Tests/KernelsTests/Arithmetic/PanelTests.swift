import CKernels
import Kernels
import TestSupport
import Testing

@Suite struct PanelTests {
    /// Around the ends of a step, a group of int4, a block of each format, and what stays in a cache.
    static let borders = [
        1, 2, 3, 4, 5, 31, 32, 33, 64, 255, 256, 257, 511, 512, 513, 600, 1023, 1024, 1025, 2047, 2048, 2049, 4100,
    ]
    /// Around the ends of a register tile, of the rows that a strip is widened for, and of a band.
    static let counts = [
        1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 17, 18, 19, 23, 24, 25, 30, 31, 36, 37, 40, 48, 49, 95, 96, 97, 100, 107,
        108,
        109, 120,
    ]

    @Test(
        "every instruction set is as near to the double product as its roundings allow",
        arguments: WeightFormat.allCases)
    func nearTheReference(_ format: WeightFormat) {
        for seed in 0..<UInt64(24) {
            let problem = PanelProblem.random(format, seed: seed)
            var random = SplitMix64(seed: seed)
            let yStride = problem.columns + problem.yGap
            let prepared = instructionSets.map { ($0.name, problem.prepared($0.kernels)) }
            let reference = PanelReference(problem, panel: prepared[0].1.panel)
            let results = prepared.map { ($0.0, $0.1.run()) }
            for _ in 0..<12 {
                let row = Int.random(in: 0..<problem.rows, using: &random)
                let column = Int.random(in: 0..<problem.columns, using: &random)
                let expected = reference.near(row, column)
                for (name, y) in results {
                    let error = (Double(y[row * yStride + column]) - expected.value).magnitude
                    #expect(error <= expected.bound, "seed \(seed), \(name), row \(row), column \(column)")
                }
            }
        }
    }

    @Test(
        "all instruction sets of one order yield the same bits, and write only the panel's columns",
        arguments: WeightFormat.allCases)
    func sameBits(_ format: WeightFormat) {
        for seed in 100..<UInt64(130) {
            let problem = PanelProblem.random(format, seed: seed)
            let classes = format == .bf16 ? [false, true] : [nil]
            for inTiles in classes {
                #expect(disagreement(inTiles: inTiles) { problem.run($0) } == nil, "seed \(seed)")
            }
            let yStride = problem.columns + problem.yGap
            for (name, kernels) in instructionSets {
                let y = problem.run(kernels)
                let strays = y.indices.filter { $0 % yStride >= problem.columns && y[$0] != PanelProblem.untouched }
                #expect(strays.isEmpty, "seed \(seed), \(name) writes behind column \(problem.columns)")
            }
        }
    }

    @Test(
        "sums follow the documented order, bit by bit, around the borders of a block",
        arguments: WeightFormat.allCases)
    func documentedOrder(_ format: WeightFormat) {
        for k in Self.borders {
            var problem = PanelProblem(format, k: k, rows: 7, seed: UInt64(k))
            problem.hasBias = k % 2 == 0
            problem.epilogue = k % 3 == 0 ? PK_RESIDUAL : PK_STORE
            var random = SplitMix64(seed: UInt64(k))
            let prepared = instructionSets.map { ($0.name, $0.kernels, problem.prepared($0.kernels)) }
            let reference = PanelReference(problem, panel: prepared[0].2.panel)
            let results = prepared.map { ($0.0, $0.1, $0.2.run()) }
            for _ in 0..<10 {
                let row = Int.random(in: 0..<7, using: &random)
                let column = Int.random(in: 0..<64, using: &random)
                for (name, kernels, y) in results {
                    let expected = reference.exact(row, column, on: kernels)
                    #expect(y[row * 64 + column].bitPattern == expected.bitPattern, "\(name), k \(k), seed \(k)")
                }
            }
        }
    }

    /// Where AVX2 adds 16 products of int4 in 16 bits, and two of int8: no sum may saturate or wrap.
    @Test("whole numbers add up exactly at their extremes", arguments: [WeightFormat.int8, .int4])
    func extremes(_ format: WeightFormat) {
        let k = 1056
        let rows = 12
        // Pairs of the last kind's quads add up to 128 at most, which fits, or to more.
        let border: [Float] = [
            127, 2, 127, 1, 64, 64, 64, 65, -64, -64, -64, -65, 127, -127, -127, -1, -127, -2, 64, 64,
        ]
        var problem = PanelProblem(format, k: k, rows: rows, seed: 1)
        problem.hasBias = false
        problem.x = (0..<rows).map { row in
            (0..<k).map { at in
                // All of a row are ±127, and so are the pairs of the third kind.
                [1, -1, at % 4 < 2 ? 1 : -1, border[at % border.count] / 127][row % 4]
            }
        }
        problem.weights = (0..<64).map { column in
            let sign: Float = column % 2 == 0 ? 1 : -1
            // A group of int4 takes its extreme as −8: one −8 among 7, or −8 alone. All of int8's are ±111 or ±127.
            return (0..<k).map { column % 4 < 2 ? ($0 % 32 == column % 32 ? -8 : 7) * sign : sign }
        }
        let prepared = instructionSets.map { ($0.name, $0.kernels, problem.prepared($0.kernels)) }
        let reference = PanelReference(problem, panel: prepared[0].2.panel)
        for (name, kernels, panel) in prepared {
            let y = panel.run()
            for row in 0..<rows {
                for column in 0..<64 {
                    let expected = reference.exact(row, column, on: kernels)
                    #expect(
                        y[row * 64 + column].bitPattern == expected.bitPattern, "\(name), row \(row), column \(column)")
                }
            }
        }
    }

    @Test("a row has the same bits alone and in any batch", arguments: WeightFormat.allCases)
    func rowsAlone(_ format: WeightFormat) {
        for (k, counts) in [(259, Self.counts), (1025, [12, 97])] {
            let problem = PanelProblem(format, k: k, rows: counts.max()!, columns: 50, seed: 7)
            for (name, kernels) in instructionSets {
                let panel = problem.prepared(kernels)
                let alone = (0..<problem.rows).flatMap { panel.run(rows: $0..<($0 + 1)) }.bits
                for m in counts {
                    #expect(panel.run(rows: 0..<m).bits[...] == alone[..<(m * 50)], "\(name), k \(k), \(m) rows")
                }
                #expect(panel.run(rows: 37..<77).bits[...] == alone[(37 * 50)..<(77 * 50)], "\(name), k \(k)")
            }
        }
    }

    @Test("every number of columns from 1 to 64 yields the same columns", arguments: WeightFormat.allCases)
    func columns(_ format: WeightFormat) {
        let whole = PanelProblem(format, k: 45, rows: 2, seed: 11)
        for (name, kernels) in instructionSets {
            let all = whole.run(kernels).bits
            for columns in 1...64 {
                var part = whole
                part.columns = columns
                part.weights = Array(whole.weights[..<columns])
                part.bias = Array(whole.bias[..<columns])
                let y = part.run(kernels).bits
                #expect(y[..<columns] == all[..<columns], "\(name), \(columns) columns")
                #expect(y[columns...] == all[64..<(64 + columns)], "\(name), \(columns) columns")
            }
        }
    }

    @Test(
        "bf16 pairs flush subnormals exactly as vdpbf16ps and tdpbf16ps do, on every instruction set", arguments: 0..<4)
    func subnormals(_ regime: Int) {
        for seed in 0..<UInt64(6) {
            var problem = PanelProblem(.bf16, k: 31, rows: 3, seed: seed) { random in
                let bits = UInt32(truncatingIfNeeded: random.next())
                let exponents: ClosedRange<UInt32> =
                    switch regime {
                    case 0: 0...3  // subnormal and smallest operands
                    case 1: 55...64  // products and sums around the smallest normal number
                    case 2: 49...52  // products around half a unit of it
                    default: 185...192  // products around the greatest number
                    }
                let exponent = UInt32.random(in: exponents, using: &random)
                let value = Float(bitPattern: bits & 0x807F_0000 | exponent << 23)
                // One element in four makes the border itself likely: 2⁻⁶³·2⁻⁶³.
                return regime == 2 && bits & 0x300 == 0 ? Float(bitPattern: bits & 0x8000_0000 | 64 << 23) : value
            }
            problem.hasBias = false
            let prepared = instructionSets.map { ($0.name, $0.kernels, problem.prepared($0.kernels)) }
            let reference = PanelReference(problem, panel: prepared[0].2.panel)
            let results = prepared.map { ($0.0, $0.1, $0.2.run()) }
            for row in 0..<3 {
                for column in 0..<64 {
                    for (name, kernels, y) in results {
                        let expected = reference.exact(row, column, on: kernels)
                        let found = y[row * 64 + column]
                        #expect(
                            found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN),
                            "\(name), seed \(seed), row \(row), column \(column)")
                    }
                }
            }
        }
    }

    @Test("a NaN or an infinity stays in its own row and column, and shows there", arguments: WeightFormat.allCases)
    func poison(_ format: WeightFormat) {
        let clean = PanelProblem(format, k: 300, rows: 9, seed: 3)
        for bad in [Float.nan, .infinity, -.infinity] {
            var poisoned = clean
            poisoned.x[4][299] = bad
            poisoned.weights[17][0] = bad
            poisoned.weights[63][298] = bad
            for (name, kernels) in instructionSets {
                let (expected, found) = (clean.run(kernels), poisoned.run(kernels))
                let isPoisoned = { (at: Int) in at / 64 == 4 || at % 64 == 17 || at % 64 == 63 }
                for at in expected.indices where !isPoisoned(at) {
                    #expect(found[at].bitPattern == expected[at].bitPattern, "\(name), \(bad)")
                }
                #expect(found.indices.allSatisfy { !isPoisoned($0) || !found[$0].isFinite }, "\(name), \(bad)")
            }
        }
    }

    @Test("a result in the bf16 form is the rounded result, and y stays as it was", arguments: WeightFormat.allCases)
    func roundedOutput(_ format: WeightFormat) {
        for (seed, columns) in [64, 63, 50, 33, 17, 2, 1].enumerated() {
            var problem = PanelProblem(format, k: 70, rows: 14, columns: columns, seed: UInt64(seed))
            problem.epilogue = PK_GELU
            for (name, kernels) in instructionSets {
                let panel = problem.prepared(kernels)
                let floats = panel.run()
                let size = Int(kernels.bf16_row_bytes)
                let stride = (columns + 1) / 2 * 2 * size + 12
                let (found, y) = panel.runRounded(stride: stride)
                let expected = Memory<UInt8>(14 * stride, repeating: 0xFF)
                for row in 0..<14 {
                    let values = Array(floats[(row * columns)..<((row + 1) * columns)])
                    kernels.form_bf16(values, Int64(columns), expected.start + row * stride)
                }
                #expect(found == expected.values, "\(name), \(columns) columns")
                #expect(y.allSatisfy { $0 == PanelProblem.untouched }, "\(name), \(columns) columns")
            }
        }
    }
}
