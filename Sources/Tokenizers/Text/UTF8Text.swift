/// Walks over UTF-8 bytes. `scalar(in:at:)` and its mirror need valid ones, such as a `String`'s.
enum UTF8Text {
    /// The scalar that starts at `index`, and how many bytes it has.
    @inline(__always)
    static func scalar(in bytes: [UInt8], at index: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(bytes[index])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(bytes[index + 1] & 0x3F)
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[index + 2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[index + 3] & 0x3F), 4)
    }

    /// The scalar that ends just before `index`, and how many bytes it has.
    static func scalar(in bytes: [UInt8], before index: Int) -> (value: UInt32, length: Int) {
        var start = index - 1
        while bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return scalar(in: bytes, at: start)
    }

    /// How many bytes at the end (0…3) are the beginning of a character that may still become whole.
    ///
    /// Works on any bytes. What stands before that beginning reads the same whatever follows, since a lead byte is
    /// never part of the character before it.
    static func unfinishedSuffixLength(of bytes: ArraySlice<UInt8>) -> Int {
        for length in 1...3 where length <= bytes.count {
            let start = bytes.endIndex - length
            let lead = bytes[start]
            if lead & 0xC0 == 0x80 { continue }
            guard lead >= 0xC2, lead <= 0xF4 else { return 0 }
            let whole = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            guard length < whole else { return 0 }
            return length == 1 || secondBytes(after: lead).contains(bytes[start + 1]) ? length : 0
        }
        return 0
    }

    /// The Unicode Standard's table 3-7: which second bytes a lead byte admits.
    private static func secondBytes(after lead: UInt8) -> ClosedRange<UInt8> {
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
