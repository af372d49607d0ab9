import CKernels

/// The three reductions over a row of logits that samplers need; see `CKernels.h` for their exact meaning.
extension KernelSet {
    /// Index of the greatest value, the first of equals; NaN never wins; all NaN yields 0. The row is not empty.
    public func argmax(_ row: UnsafeBufferPointer<Float>) -> Int {
        precondition(!row.isEmpty, "argmax of nothing")
        return Int(table.pointee.argmax(row.baseAddress, Int64(row.count)))
    }

    /// Greatest value of the row, and Σ exp(x − max).
    public func softmaxSums(_ row: UnsafeBufferPointer<Float>) -> (max: Float, sum: Double) {
        precondition(!row.isEmpty, "softmax of nothing")
        var max: Float = 0
        var sum = 0.0
        table.pointee.softmax_sums(row.baseAddress, Int64(row.count), &max, &sum)
        return (max, sum)
    }

    /// x = exp(x), elementwise, in place.
    public func exp(_ row: UnsafeMutableBufferPointer<Float>) {
        table.pointee.exp(row.baseAddress, Int64(row.count), row.baseAddress)
    }
}
