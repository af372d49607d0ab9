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
    /// - Parameter text: any bytes, UTF-8 or not.
    /// - Returns: false, with nothing appended, where the text has something else than characters of the alphabet.
    static func appendBytes(of text: [UInt8], in range: Range<Int>, to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        // Copied first and then shortened in place: no character takes fewer bytes than the one it stands for.
        bytes.append(contentsOf: text[range])
        let end = bytes.withUnsafeMutableBufferPointer { bytes in
            byteOfScalar.withUnsafeBufferPointer { decode(bytes, from: start, table: $0) }
        }
        bytes.removeLast(bytes.count - (end ?? start))
        return end != nil
    }

    /// Turns the characters from `start` on into their bytes, in place.
    /// - Returns: where the bytes end; nil at something else than characters of the alphabet.
    private static func decode(
        _ bytes: UnsafeMutableBufferPointer<UInt8>, from start: Int, table: UnsafeBufferPointer<Int16>
    ) -> Int? {
        var write = start
        var read = start
        while read < bytes.count {
            var scalar = Int(bytes[read])
            if scalar >= 0x80 {
                // The alphabet ends at U+0143, so that two bytes are the most.
                guard (0xC2...0xC5).contains(scalar), read + 1 < bytes.count, bytes[read + 1] & 0xC0 == 0x80 else {
                    return nil
                }
                scalar = (scalar & 0x1F) << 6 | Int(bytes[read + 1] & 0x3F)
                read += 1
            }
            guard scalar < table.count, table[scalar] >= 0 else { return nil }
            bytes[write] = UInt8(truncatingIfNeeded: table[scalar])
            write += 1
            read += 1
        }
        return write
    }
}
