/// The format that a matrix is packed into; it fixes the arithmetic (docs/invariance.md).
public enum WeightFormat: String, Sendable, CaseIterable {
    /// float32 weights and activations.
    case f32
    /// bf16 weights; activations are rounded to bf16 at every number of rows; float32 sums.
    case bf16

    public var bytesPerElement: Int {
        switch self {
        case .f32: 4
        case .bf16: 2
        }
    }
}
