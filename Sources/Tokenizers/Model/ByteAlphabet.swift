/// GPT-2's alphabet: a printable character for each of the 256 bytes, in which byte-level vocabularies are written.
///
/// Bytes that are printable in Latin-1 stand for themselves; the others are, in order, U+0100 and up (a space is Ġ).
enum ByteAlphabet {
    /// The byte of each character U+0000…U+0143; −1 for those outside the alphabet.
    private static let byteOfScalar: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        var unprintable = 0
        for byte in 0..<256 {
            let scalar: Int
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                scalar = byte
            default:
                scalar = 0x100 + unprintable
                unprintable += 1
            }
            table[scalar] = Int16(byte)
        }
        return table
    }()

    /// Appends the bytes that a token's text stands for.
    /// - Returns: false, with nothing appended, where a character is outside the alphabet.
    static func appendBytes(of text: [UInt8], in range: Range<Int>, to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, length) = UTF8Text.scalar(in: text, at: index)
            guard scalar < byteOfScalar.count, byteOfScalar[Int(scalar)] >= 0 else {
                bytes.removeSubrange(start...)
                return false
            }
            bytes.append(UInt8(byteOfScalar[Int(scalar)]))
            index += length
        }
        return true
    }
}
