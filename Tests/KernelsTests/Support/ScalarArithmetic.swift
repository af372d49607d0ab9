import Foundation

/// The kernels' arithmetic in scalar Swift, written from its description in CKernels.h and docs/invariance.md.
enum ScalarArithmetic {
    static func bf16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        let tail = bits & 0xFFFF
        let kept = bits >> 16
        let up = tail > 0x8000 || (tail == 0x8000 && kept & 1 == 1)
        return UInt16(kept + (up ? 1 : 0))
    }

    static func float(bf16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    static func float(f16 bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let mantissa = Float(bits & 0x3FF)
        switch exponent {
        case 0: return sign * mantissa * 0x1p-24
        case 31: return mantissa == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: mantissa + 1024)
        }
    }

    /// The int8 form of a row or column: whole numbers and their scale, the greatest magnitude over 127. What is smaller
    /// than 2⁻¹²⁰ counts as zero; what is not finite leaves only its scale.
    static func int8(_ values: [Float]) -> (values: [Float], scale: Float) {
        if values.contains(where: \.isNaN) { return (values.map { _ in 0 }, .nan) }
        let greatest = values.map(\.magnitude).max() ?? 0
        guard greatest.isFinite else { return (values.map { _ in 0 }, .infinity) }
        guard greatest >= 0x1p-120 else { return (values.map { _ in 0 }, 0) }
        let inverse = Double(127 / greatest)  // a product of two floats is exact in double
        return (values.map { Float((Double($0) * inverse).rounded(.toNearestOrEven)) }, greatest / 127)
    }

    /// One output of a float32 panel before the epilogue: blocks of 256 fused steps, their sums added in order.
    static func chain(_ x: [Float], _ w: [Float]) -> Float {
        var total: Float = 0
        for begin in stride(from: 0, to: x.count, by: 256) {
            var sum: Float = 0
            for k in begin..<min(begin + 256, x.count) { sum.addProduct(x[k], w[k]) }
            total = begin == 0 ? sum : total + sum
        }
        return total
    }

    /// The same of a bf16 panel: pairs, the odd element first, without subnormals.
    static func pairChain(_ x: [Float], _ w: [Float]) -> Float {
        var total: Float = 0
        for begin in stride(from: 0, to: x.count, by: 256) {
            var sum: Float = 0
            for even in stride(from: begin, to: min(begin + 256, x.count), by: 2) {
                let odd = even + 1
                if odd < x.count { sum = fusedFlushing(x[odd], w[odd], sum) } else { sum = fusedFlushing(0, 0, sum) }
                sum = fusedFlushing(x[even], w[even], sum)
            }
            total = begin == 0 ? sum : total + sum
        }
        return total
    }

    /// As `pairChain`, in the order of AMX's tiles: of every 32 elements the even ones' chain and the odd ones', then their sum.
    static func tileChain(_ x: [Float], _ w: [Float]) -> Float {
        var total: Float = 0
        for begin in stride(from: 0, to: x.count, by: 32) {
            var chains: [Float] = [0, 0]
            for at in begin..<begin + 32 {
                let (a, b): (Float, Float) = at < x.count ? (x[at], w[at]) : (0, 0)
                chains[at % 2] = fusedFlushing(a, b, chains[at % 2])
            }
            total = fusedFlushing(1, fusedFlushing(1, chains[0], chains[1]), total)
        }
        return total
    }

    /// fma(a, b, c) with subnormal operands taken as zero and results that are tiny after rounding flushed to zero.
    static func fusedFlushing(_ a: Float, _ b: Float, _ c: Float) -> Float {
        func flushed(_ value: Float) -> Float { value.isSubnormal ? (value.sign == .minus ? -0.0 : 0.0) : value }
        let (a, b, c) = (flushed(a), flushed(b), flushed(c))
        let rounded = c.addingProduct(a, b)
        if rounded.magnitude == .leastNormalMagnitude {
            // Rounded as if exponents had no end: tiny if that is still below 2⁻¹²⁶.
            let unbounded = Double(c).addingProduct(Double(a), Double(b)) * 0x1p100
            if Float(unbounded).magnitude < 0x1p-26 { return rounded.sign == .minus ? -0.0 : 0.0 }
        }
        return flushed(rounded)
    }

    static func gelu(_ v: Double) -> Double {
        v / (1 + exp(-2 * 0.79788456 * v * (1 + 0.044715 * v * v)))
    }
}
