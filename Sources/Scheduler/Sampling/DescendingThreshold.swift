/// How much an entry of a list counts when entries are summed from the greatest downwards.
protocol EntryMass {
    func mass(at index: Int) -> Int64
}

/// Each entry counts 1: sums are ranks.
struct UnitMass: EntryMass {
    func mass(at index: Int) -> Int64 { 1 }
}

/// Each entry counts its weight in fixed point: sums are probabilities.
struct WeightMass: EntryMass {
    let weights: UnsafeBufferPointer<Float>

    /// 2⁴⁰ is the weight 1. Integer sums are exact and have no order, so a draw does not depend on which improbable
    /// tokens were sorted out before; what is rounded away is less than 10⁻¹² of the likeliest token's weight.
    static let one: Float = 0x1p40

    func mass(at index: Int) -> Int64 { Int64(min(weights[index], 1) * Self.one) }
}

/// Where a descending sum reaches its target.
struct DescendingThreshold {
    /// The greatest key such that the masses of all entries with this key or a greater one reach the target.
    var key: UInt32
    /// Their sum without the entries of this key.
    var above: Int64

    /// Radix selection over ordered keys: each pass sums the masses in bins of equal width, and the next one divides the
    /// bin in which the target is reached. Four such passes at most whatever the values are, no sort, no copy.
    ///
    /// - Parameters:
    ///   - values: none of them NaN.
    ///   - target: at least 1 and at most the sum of all masses.
    ///   - histogram: room for `bins` sums.
    init<Mass: EntryMass>(
        in values: UnsafeBufferPointer<Float>, mass: Mass, target: Int64, histogram: UnsafeMutableBufferPointer<Int64>
    ) {
        precondition(histogram.count == Self.bins && target >= 1 && !values.isEmpty)
        var low = UInt32.max
        var high: UInt32 = 0
        for value in values {
            low = min(low, Self.key(of: value))
            high = max(high, Self.key(of: value))
        }
        above = 0
        while low < high {
            let span = high - low
            let shift = UInt32(max(0, UInt32.bitWidth - span.leadingZeroBitCount - Self.binBits))
            histogram.update(repeating: 0)
            for index in values.indices {
                let offset = Self.key(of: values[index]) &- low
                if offset <= span { histogram[Int(offset &>> shift)] += mass.mass(at: index) }
            }
            var bin = Int(span &>> shift)
            while bin > 0, above + histogram[bin] < target {
                above += histogram[bin]
                bin -= 1
            }
            low += UInt32(bin) &<< shift
            high = min(high, low + (1 &<< shift) - 1)
        }
        key = low
    }

    static let bins = 1 << binBits
    private static let binBits = 10

    /// A number that is ordered as the values are; both zeros have the same.
    @inline(__always)
    static func key(of value: Float) -> UInt32 {
        let bits = (value + 0).bitPattern
        return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    }

    /// The value of a key.
    static func value(of key: UInt32) -> Float {
        Float(bitPattern: key & 0x8000_0000 == 0 ? ~key : key & 0x7FFF_FFFF)
    }
}
