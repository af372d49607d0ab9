import CKernels
import Foundation
import TestSupport
import Testing

@Suite struct RowTests {
    static let lengths = [1, 2, 15, 16, 17, 31, 63, 64, 65, 100, 1000, 1024, 14336]

    static func normals(_ count: Int, seed: UInt64, mean: Float = 0, deviation: Float = 1) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in mean + deviation * random.normal() }
    }

    static func layerNorm(_ kernels: pk_kernels, _ x: [Float], _ gamma: [Float], _ beta: [Float], inPlace: Bool)
        -> [Float]
    {
        let input = Memory(x)
        let out = inPlace ? input : Memory<Float>(x.count, repeating: .nan)
        withExtendedLifetime(input) { kernels.layer_norm(input.start, gamma, beta, 1e-5, Int64(x.count), out.start) }
        return out.values
    }

    @Test("LayerNorm: all instruction sets alike, in place or not, near to double", arguments: lengths)
    func layerNorm(_ n: Int) {
        let x = Self.normals(n, seed: UInt64(n), mean: 5, deviation: 3)
        let gamma = Self.normals(n, seed: 1, mean: 1)
        let beta = Self.normals(n, seed: 2)
        #expect(disagreement { Self.layerNorm($0, x, gamma, beta, inPlace: false) } == nil)
        #expect(disagreement { Self.layerNorm($0, x, gamma, beta, inPlace: true) } == nil)

        let mean = x.reduce(0.0) { $0 + Double($1) } / Double(n)
        let variance = x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(n)
        let inverse = 1 / (variance + Double(Float(1e-5))).squareRoot()
        guard let kernels = instructionSets.first?.kernels else { return }
        let found = Self.layerNorm(kernels, x, gamma, beta, inPlace: false)
        for i in 0..<n {
            let unit = (Double(x[i]) - mean) * inverse
            let expected = unit * Double(gamma[i]) + Double(beta[i])
            // A chain of n/64 additions errs by n/128 halves of a unit at most, the rest by a handful.
            let roundings = Double(n / 64 + 8) * 0x1p-24
            let bound = roundings * (10 * inverse + unit.magnitude) * Double(gamma[i].magnitude) + 0x1p-22
            #expect((Double(found[i]) - expected).magnitude <= bound, "n \(n), element \(i)")
        }
    }

    @Test("LayerNorm of equal values is beta")
    func constantRow() {
        let n = 70
        let beta = Self.normals(n, seed: 3)
        for (name, kernels) in instructionSets {
            let row = [Float](repeating: 2, count: n)
            #expect(Self.layerNorm(kernels, row, row, beta, inPlace: false) == beta, "\(name)")
        }
    }

    @Test("the bf16 form rounds to nearest even on every high half and every kind of low half; NaN stays NaN")
    func bf16Form() {
        var values: [Float] = []
        for high in 0..<UInt32(0x10000) {
            for low: UInt32 in [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF] {
                values.append(Float(bitPattern: high << 16 | low))
            }
        }
        values.append(1)  // an odd length: its pair is filled up
        let expected = values.map(ScalarArithmetic.bf16) + [0]
        for (name, kernels) in instructionSets {
            #expect(Self.bf16Form(kernels, values) == expected, "\(name)")
        }
        #expect(zip(values, expected).allSatisfy { $0.isNaN == ScalarArithmetic.float(bf16: $1).isNaN })
    }

    @Test("the bf16 form writes whole pairs and nothing behind them", arguments: 1...35)
    func bf16FormLengths(_ n: Int) {
        let values = Self.normals(n, seed: UInt64(n))
        let expected = values.map(ScalarArithmetic.bf16) + [UInt16](repeating: 0, count: n % 2)
        for (name, kernels) in instructionSets {
            #expect(Self.bf16Form(kernels, values) == expected, "\(name)")
        }
    }

    /// The row's words in order, out of whichever form the table has.
    static func bf16Form(_ kernels: pk_kernels, _ values: [Float]) -> [UInt16] {
        let whole = (values.count + 1) / 2 * 2
        let behind = 4
        if kernels.bf16_row_bytes == 2 {
            let out = Memory<UInt16>(whole + behind, repeating: 0xABCD)
            kernels.form_bf16(values, Int64(values.count), out.start)
            #expect(out.values.suffix(behind).allSatisfy { $0 == 0xABCD })
            return Array(out.values.prefix(whole))
        }
        let out = Memory<Float>(whole + behind, repeating: PanelProblem.untouched)
        kernels.form_bf16(values, Int64(values.count), out.start)
        #expect(out.values.suffix(behind).allSatisfy { $0 == PanelProblem.untouched })
        let floats = out.values
        // The two of a pair are exchanged; a float that is a bf16 has nothing in its low half.
        return (0..<whole).map { UInt16(exactly: floats[$0 ^ 1].bitPattern >> 16)! }
            .enumerated().map { floats[$0.offset ^ 1].bitPattern & 0xFFFF == 0 ? $0.element : 0xDEAD }
    }

    @Test("argmax is the first of the greatest; NaN never wins", arguments: [1, 2, 15, 16, 17, 64, 65, 200])
    func argmax(_ n: Int) {
        for (name, kernels) in instructionSets {
            var random = SplitMix64(seed: UInt64(n))
            for _ in 0..<40 {
                // Few different values, so that ties are the rule.
                let choices: [Float] = [-.infinity, -1, -0.0, 0, 1, 2, .nan]
                let x = (0..<n).map { _ in choices.randomElement(using: &random) ?? 0 }
                var best = 0
                for (i, value) in x.enumerated() where !value.isNaN && (x[best].isNaN || value > x[best]) { best = i }
                #expect(kernels.argmax(x, Int64(n)) == Int64(best), "\(name): \(x)")
            }
            #expect(kernels.argmax([Float](repeating: .nan, count: n), Int64(n)) == 0, "\(name)")
            #expect(kernels.argmax([Float](repeating: -.infinity, count: n), Int64(n)) == 0, "\(name)")
        }
    }

    @Test("columns that reach their row's bound, and none behind the last", arguments: [1, 2, 15, 16, 17, 48, 63, 64])
    func columnsReaching(_ columns: Int) {
        let choices: [Float] = [-.infinity, -1, -0.0, 0, .leastNonzeroMagnitude, 1, .infinity, .nan]
        for (name, kernels) in instructionSets {
            var random = SplitMix64(seed: UInt64(columns))
            for rows in [1, 2, 7, 96] {
                // What lies behind the columns may be anything.
                let tile = (0..<rows * 64).map { _ in choices.randomElement(using: &random) ?? 0 }
                let bounds = (0..<rows).map { _ in choices.randomElement(using: &random) ?? 0 }
                let reaching = Memory<UInt64>(rows + 1, repeating: 0xABCD)
                kernels.columns_reaching(tile, Int64(rows), Int64(columns), bounds, reaching.start)
                let expected = (0..<rows).map { row in
                    (0..<columns).reduce(UInt64(0)) { $0 | (tile[row * 64 + $1] >= bounds[row] ? 1 << $1 : 0) }
                }
                #expect(reaching.values == expected + [0xABCD], "\(name), \(rows) rows")
            }
        }
    }

    @Test("softmax sums: the greatest value and Σ exp(x − max), alike everywhere", arguments: lengths)
    func softmaxSums(_ n: Int) throws {
        let x = Self.normals(n, seed: UInt64(n) + 9, deviation: 4)
        let results = instructionSets.map { _, kernels -> (max: Float, sum: Double) in
            var (greatest, sum) = (Float.nan, Double.nan)
            kernels.softmax_sums(x, Int64(n), &greatest, &sum)
            return (greatest, sum)
        }
        let first = try #require(results.first)
        #expect(results.allSatisfy { $0.max == first.max && $0.sum.bitPattern == first.sum.bitPattern })
        let greatest = x.max() ?? 0
        let sum = x.reduce(0.0) { $0 + exp(Double($1 - greatest)) }
        #expect(first.max == greatest)
        #expect((first.sum / sum - 1).magnitude < 2 * 0x1p-23)
    }
}
