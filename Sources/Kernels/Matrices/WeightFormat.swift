import CKernels

/// The format that a matrix is packed into; it fixes the arithmetic (docs/invariance.md).
public enum WeightFormat: String, Sendable, CaseIterable {
    /// float32 weights and activations.
    case f32
    /// bf16 weights; activations are rounded to bf16 at every number of rows; float32 sums.
    case bf16
    /// int8 weights with a scale per output column; each row of activations is int8 with a scale of its own; exact sums.
    case int8
    /// int4 weights with a bf16 scale per output column and 32 elements of K; activations as for int8.
    case int4

    /// How a product of this format reads its activations.
    public var rowForm: RowForm {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .int8: .quads
        case .int4: .int8
        }
    }

    /// Bytes of a panel of 64 output columns (`CKernels.h`).
    func panelBytes(k: Int) -> Int {
        let columns = PanelPlan.panelColumns
        switch self {
        case .f32: return k * columns * 4
        case .bf16: return (k + 1) / 2 * columns * 4
        case .int8: return (k + 3) / 4 * columns * 4 + columns * 4
        case .int4:
            let group = Int(PK_QUANT_GROUP)
            return (k + group - 1) / group * columns * (group / 2 + 2)
        }
    }
}
