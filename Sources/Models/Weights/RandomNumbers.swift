/// A stream of random bf16 numbers of which every one can be had by its index, about normal.
///
/// Number i is the sum of four 16-bit uniforms (Irwin–Hall, within ±3.46 deviations) out of one 64-bit word, and that
/// word is SplitMix64's mixing of key + i·γ (Steele, Lea and Flood, 2014).
struct RandomNumbers: Sendable {
    private static let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15

    private let key: UInt64
    private let mean: Float
    private let deviation: Float

    /// - Parameter stream: streams of different names have nothing to do with each other.
    init(seed: UInt64, stream: String, mean: Float, deviation: Float) {
        // FNV-1a of the name.
        let name = stream.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        key = Self.mix(Self.mix(seed &+ Self.gamma) ^ name)
        self.mean = mean
        self.deviation = deviation
    }

    /// Write numbers first, first + 1, … as bf16 words.
    func fill(_ out: UnsafeMutableBufferPointer<UInt16>, from first: Int) {
        guard let base = out.baseAddress else { return }
        // The sum of four has the mean 4 · 32767.5 and the deviation 65536 · √(4/12).
        let scale = deviation / (65536 * (1.0 / 3.0 as Float).squareRoot())
        let shift = mean - 131_070 * scale
        var state = key &+ UInt64(first) &* Self.gamma
        for i in 0..<out.count {
            let word = Self.mix(state)
            state &+= Self.gamma
            // Sums of two in each half, then both halves.
            let pairs = (word & 0x0000_FFFF_0000_FFFF) &+ (word >> 16 & 0x0000_FFFF_0000_FFFF)
            let sum = Int32(truncatingIfNeeded: pairs &+ pairs >> 32 & 0x7_FFFF)
            base[i] = Self.bf16(Float(sum) * scale + shift)
        }
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// To the nearest, ties to even. The number is finite.
    private static func bf16(_ number: Float) -> UInt16 {
        let bits = number.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }
}
