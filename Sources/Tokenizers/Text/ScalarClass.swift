/// The regular expressions' character classes, over the values of Unicode scalars.
///
/// They are those of Unicode 16, which `tokenizers` 0.23 has: a newer standard library knows characters that are still
/// unassigned there, and would cut them differently.
enum ScalarClass {
    private static let unicodeVersion = 16

    /// `\s`: Unicode's White_Space, the same 25 characters in Oniguruma and in Rust's `regex`.
    static func isWhitespace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// `\p{L}`
    static func isLetter(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return (0x41...0x5A).contains(scalar & ~0x20) }
        switch category(scalar) {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return false
        }
    }

    /// `\p{N}`
    static func isNumber(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return (0x30...0x39).contains(scalar) }
        switch category(scalar) {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// `\w` of Rust's `regex`, as UTS #18 defines it.
    static func isWordCharacter(_ scalar: UInt32) -> Bool {
        guard let properties = properties(scalar) else { return false }
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    private static func category(_ scalar: UInt32) -> Unicode.GeneralCategory {
        properties(scalar)?.generalCategory ?? .unassigned
    }

    /// nil for what `unicodeVersion` does not assign.
    private static func properties(_ scalar: UInt32) -> Unicode.Scalar.Properties? {
        guard let properties = Unicode.Scalar(scalar)?.properties, let age = properties.age,
            age.major <= unicodeVersion
        else { return nil }
        return properties
    }
}
