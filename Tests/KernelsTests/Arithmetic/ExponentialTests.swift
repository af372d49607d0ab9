import CKernels
import Foundation
import TestSupport
import Testing

@Suite struct ExponentialTests {
    static func apply(
        _ function: @convention(c) (UnsafePointer<Float>?, Int64, UnsafeMutablePointer<Float>?) -> Void, _ x: [Float]
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: x.count) { buffer, count in
            function(x, Int64(x.count), buffer.baseAddress)
            count = x.count
        }
    }

    /// Every 2¹⁵-th float, some drawn in the range that matters, and the edges.
    static let arguments: [Float] = {
        var random = SplitMix64(seed: 1)
        var x = (0..<UInt32(1 << 17)).map { Float(bitPattern: $0 << 15 | $0 & 0x7FFF) }
        x += (0..<30000).map { _ in Float.random(in: -88...89, using: &random) }
        x += [0, -0.0, -87.3, Float(-87.3).nextDown, Float(-87.3).nextUp, 88.7, Float(88.7).nextUp, 100, -1000]
        x += [.infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude]
        return x
    }()

    @Test("exp is within 2 ulp, +0 below −87.3, clamped above 88.7, NaN for NaN")
    func exponential() throws {
        let kernels = try #require(instructionSets.first).kernels
        let found = Self.apply(kernels.exp, Self.arguments)
        var worst = 0.0
        for (x, y) in zip(Self.arguments, found) {
            if x.isNaN {
                #expect(y.isNaN)
            } else if x < -87.3 {
                #expect(y.bitPattern == 0, "exp(\(x)) = \(y)")
            } else {
                let exact = Foundation.exp(Double(min(x, 88.7)))
                let ulp = Double(sign: .plus, exponent: exact.exponent - 23, significand: 1)
                worst = max(worst, (Double(y) - exact).magnitude / ulp)
            }
        }
        #expect(worst <= 2, "worst error in ulp")
    }

    @Test("gelu is near to its formula and keeps NaN, infinity and the sign of zero")
    func gelu() throws {
        let kernels = try #require(instructionSets.first).kernels
        let found = Self.apply(kernels.gelu, Self.arguments)
        for (x, y) in zip(Self.arguments, found) where x.isFinite {
            let expected = ScalarArithmetic.gelu(Double(x))
            let bound = 0x1p-21 * expected.magnitude + 1e-6 * (x < 0 && x > -12 ? 1 : 0) + 1e-37
            #expect((Double(y) - expected).magnitude <= bound, "gelu(\(x)) = \(y), not \(expected)")
        }
        let edges = Self.apply(kernels.gelu, [.nan, .infinity, 0, -0.0, -100, -.greatestFiniteMagnitude])
        #expect(edges[0].isNaN)
        #expect(edges[1] == .infinity)
        #expect(edges[2...].bits == [Float(0), -0.0, -0.0, -0.0].bits)
    }

    @Test("all instruction sets yield the same bits, at every length")
    func sameBits() {
        let numbers = Self.arguments.filter { !$0.isNaN }
        #expect(disagreement { Self.apply($0.exp, numbers) } == nil)
        #expect(disagreement { Self.apply($0.gelu, numbers) } == nil)
        let few = Array(numbers.suffix(45))
        for (name, kernels) in instructionSets {
            let all = Self.apply(kernels.exp, few).bits
            for count in 0...45 {
                #expect(Self.apply(kernels.exp, Array(few[..<count])).bits[...] == all[..<count], "\(name)")
            }
        }
    }
}
