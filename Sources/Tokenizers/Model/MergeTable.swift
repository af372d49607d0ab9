/// The merges: which pair of tokens becomes which token, and at which rank (a lower rank merges first).
struct MergeTable: Sendable {
    /// Rank in the high half and the merged token in the low half, so that comparing merges compares ranks.
    typealias Merge = UInt64

    /// Greater than every merge.
    static let none = Merge.max

    /// Open addressing with linear probing; each slot is a pair's key and its merge, side by side in memory.
    private var slots: [UInt64]
    private var count = 0
    /// How far the product of the hash is shifted to leave a slot's number.
    private var shift: UInt64

    init(expectedCount: Int = 0) {
        var bits = 6
        while 1 << bits < expectedCount * 2 { bits += 1 }
        slots = Array(repeating: .max, count: 2 << bits)
        shift = UInt64(64 - bits)
    }

    static func token(of merge: Merge) -> Int32 { Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF) }
    static func rank(of merge: Merge) -> UInt64 { merge >> 32 }

    /// A repeated pair takes the later rank, as in `tokenizers`.
    mutating func insert(left: Int32, right: Int32, rank: Int, token: Int32) {
        if (count + 1) * 4 > slots.count { grow() }
        let key = Self.key(left, right)
        let index = slot(of: key)
        if slots[index] != key { count += 1 }
        slots[index] = key
        slots[index + 1] = UInt64(UInt32(rank)) << 32 | UInt64(UInt32(bitPattern: token))
    }

    /// The pair's merge, or `none`.
    @inline(__always)
    func find(_ left: Int32, _ right: Int32) -> Merge {
        let key = Self.key(left, right)
        let index = slot(of: key)
        return slots[index] == key ? slots[index + 1] : Self.none
    }

    /// Where the key is, or the empty slot where it would go.
    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift) * 2
        while slots[index] != key && slots[index] != .max {
            index = (index + 2) & (slots.count - 1)
        }
        return index
    }

    /// Ids are never negative, so no key is `UInt64.max`.
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: .max, count: old.count * 2)
        shift -= 1
        for index in stride(from: 0, to: old.count, by: 2) where old[index] != .max {
            let place = slot(of: old[index])
            slots[place] = old[index]
            slots[place + 1] = old[index + 1]
        }
    }
}
