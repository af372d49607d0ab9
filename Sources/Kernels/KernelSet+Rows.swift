import CKernels

// Row-wise work: one row, one reduction order.
extension KernelSet {
    /// `out = (x − mean)/√(var + epsilon)·gamma + beta` over `count` values; `out` may be `x`.
    public func layerNorm(
        _ x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float, count: Int,
        out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.layer_norm(x, gamma, beta, epsilon, Int64(count), out)
    }
}
