import CKernels
import TestSupport
import Testing

@Suite struct PanelTests {
    static let borders = [1, 2, 3, 64, 255, 256, 257, 511, 512, 513, 600]

    @Test(
        "every instruction set is as near to the double product as its roundings allow",
        arguments: PanelProblem.Format.allCases)
    func nearTheReference(_ format: PanelProblem.Format) {
        for seed in 0..<UInt64(24) {
            let problem = PanelProblem.random(format, seed: seed)
            var random = SplitMix64(seed: seed)
            let yStride = problem.columns + problem.yGap
            let results = instructionSets.map { ($0.name, problem.run($0.kernels)) }
            for _ in 0..<12 {
                let row = Int.random(in: 0..<problem.rows, using: &random)
                let column = Int.random(in: 0..<problem.columns, using: &random)
                let expected = problem.reference(row, column)
                for (name, y) in results {
                    let error = (Double(y[row * yStride + column]) - expected.value).magnitude
                    #expect(error <= expected.bound, "seed \(seed), \(name), row \(row), column \(column)")
                }
            }
        }
    }

    @Test(
        "all instruction sets yield the same bits, and write only the panel's columns",
        arguments: PanelProblem.Format.allCases)
    func sameBits(_ format: PanelProblem.Format) {
        for seed in 100..<UInt64(130) {
            let problem = PanelProblem.random(format, seed: seed)
            #expect(disagreement { problem.run($0) } == nil, "seed \(seed)")
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
        arguments: PanelProblem.Format.allCases)
    func documentedOrder(_ format: PanelProblem.Format) {
        for k in Self.borders {
            var problem = PanelProblem(format, k: k, rows: 7, seed: UInt64(k))
            problem.hasBias = k % 2 == 0
            problem.epilogue = k % 3 == 0 ? PK_RESIDUAL : PK_STORE
            var random = SplitMix64(seed: UInt64(k))
            let results = instructionSets.map { ($0.name, problem.run($0.kernels)) }
            for _ in 0..<10 {
                let row = Int.random(in: 0..<7, using: &random)
                let column = Int.random(in: 0..<64, using: &random)
                let expected = problem.exact(row, column)
                for (name, y) in results {
                    #expect(y[row * 64 + column].bitPattern == expected.bitPattern, "\(name), k \(k), seed \(k)")
                }
            }
        }
    }

    @Test("a row has the same bits alone and in a batch of 1 to 40 and of 100", arguments: PanelProblem.Format.allCases)
    func rowsAlone(_ format: PanelProblem.Format) {
        let problem = PanelProblem(format, k: 259, rows: 100, columns: 50, seed: 7)
        for (name, kernels) in instructionSets {
            let alone = (0..<100).flatMap { problem.run(kernels, rows: $0..<($0 + 1)) }.bits
            for m in [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 17, 23, 24, 30, 31, 40, 48, 49, 100] {
                #expect(problem.run(kernels, rows: 0..<m).bits[...] == alone[..<(m * 50)], "\(name), \(m) rows")
            }
            #expect(problem.run(kernels, rows: 37..<77).bits[...] == alone[(37 * 50)..<(77 * 50)], "\(name)")
        }
    }

    @Test("every number of columns from 1 to 64 yields the same columns")
    func columns() {
        let whole = PanelProblem(.f32, k: 20, rows: 2, seed: 11)
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

    @Test("bf16 pairs flush subnormals exactly as vdpbf16ps does, on every instruction set", arguments: 0..<4)
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
            let results = instructionSets.map { ($0.name, problem.run($0.kernels)) }
            for row in 0..<3 {
                for column in 0..<64 {
                    let expected = problem.exact(row, column)
                    for (name, y) in results {
                        let found = y[row * 64 + column]
                        #expect(
                            found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN),
                            "\(name), seed \(seed), row \(row), column \(column)")
                    }
                }
            }
        }
    }

    @Test("a NaN or an infinity stays in its own row and column", arguments: PanelProblem.Format.allCases)
    func poison(_ format: PanelProblem.Format) {
        let clean = PanelProblem(format, k: 300, rows: 9, seed: 3)
        var poisoned = clean
        poisoned.x[4][299] = .nan
        poisoned.weights[17][0] = .infinity
        for (name, kernels) in instructionSets {
            let (expected, found) = (clean.run(kernels), poisoned.run(kernels))
            for at in expected.indices where at / 64 != 4 && at % 64 != 17 {
                #expect(found[at].bitPattern == expected[at].bitPattern, "\(name)")
            }
            #expect((0..<64).allSatisfy { found[4 * 64 + $0].isNaN }, "\(name)")
            #expect((0..<9).allSatisfy { !found[$0 * 64 + 17].isFinite }, "\(name)")
        }
    }
}
