import Basics

/// Random bits as a pure function of (seed, sample, position): no state that a batch, a preemption or a recomputation
/// could disturb.
///
/// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The seed is its
/// key; its counter is (position, sample), a block of four words for each.
struct CounterGenerator: Sendable {
    private let key: SIMD2<UInt32>
    private let sample: UInt32

    init(seed: UInt64, sample: Int) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.sample = UInt32(sample)
    }

    /// 64 uniform bits for the token at that position of the sequence, prompt included.
    func bits(at position: Position) -> UInt64 {
        let index = UInt64(position.index)
        let counter = SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), sample, 0)
        let block = Self.philox4x32(counter: counter, key: key)
        return UInt64(block[1]) << 32 | UInt64(block[0])
    }

    /// One block of Philox4x32 with ten rounds.
    static func philox4x32(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var x = counter
        var k = key
        for _ in 0..<10 {
            let (high0, low0) = UInt32(0xD251_1F53).multipliedFullWidth(by: x[0])
            let (high1, low1) = UInt32(0xCD9E_8D57).multipliedFullWidth(by: x[2])
            x = SIMD4(high1 ^ x[1] ^ k[0], low1, high0 ^ x[3] ^ k[1], low0)
            k = SIMD2(k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85)
        }
        return x
    }
}
