import CKernels

/// The format in which keys and values are cached. It is part of the arithmetic (docs/invariance.md): values are rounded
/// when they are stored, and every query, also of the same step, sees what was stored.
public enum KeyValueFormat: String, Sendable, CaseIterable {
    case f32
    /// Rounded to nearest even; half of float32's memory.
    case bf16
    /// Each token's key, and its value, as int8 with a scale of its own in each head; about a quarter of float32's memory.
    case int8

    /// Whether a head's key or value has to be there as a whole to be stored.
    public var needsWholeHeads: Bool { self == .int8 }

    var code: Int32 {
        switch self {
        case .f32: Int32(PK_PAGES_F32.rawValue)
        case .bf16: Int32(PK_PAGES_BF16.rawValue)
        case .int8: Int32(PK_PAGES_INT8.rawValue)
        }
    }

    /// Bytes of the keys of a group of 16 tokens in one head.
    func keyGroupBytes(headDim: Int) -> Int { Int(pk_key_group_bytes(code, Int64(headDim))) }

    func valueGroupBytes(headDim: Int) -> Int { Int(pk_value_group_bytes(code, Int64(headDim))) }
}
