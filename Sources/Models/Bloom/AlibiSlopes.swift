import Foundation

/// ALiBi slopes (Press et al., 2022) as `transformers`' `build_alibi_tensor` computes them.
///
/// With p = 2^⌊log2 heads⌋ and b = 2^(−8/p): b, b², …, b^p, then the odd powers c, c³, … of c = 2^(−8/(2p)). The bases are
/// rounded to float32 first, as there.
public func alibiSlopes(heads: Int) -> [Float] {
    precondition(heads > 0, "a model has heads")
    let p = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
    func powers(base exponent: Double, count: Int, step: Int) -> [Float] {
        let base = Double(Float(exp2(exponent)))
        return (0..<count).map { Float(pow(base, Double(1 + $0 * step))) }
    }
    return powers(base: -8 / Double(p), count: p, step: 1) + powers(base: -4 / Double(p), count: heads - p, step: 2)
}
