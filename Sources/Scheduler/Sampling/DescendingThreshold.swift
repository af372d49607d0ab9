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

    /// Radix selection over ordered keys, 8 bits at a time: four passes whatever the values are, no sort, no copy.
    ///
    /// - Parameters:
    ///   - values: none of them NaN.
    ///   - target: at least 1 and at most the sum of all masses.
    init<Mass: EntryMass>(
        in values: UnsafeBufferPointer<Float>, mass: Mass, target: Int64, histogram: UnsafeMutableBufferPointer<Int64>
    ) {
        precondition(histogram.count == Self.bins && target >= 1)
        key = 0
        above = 0
        var settled: UInt32 = 0
        for shift: UInt32 in [24, 16, 8, 0] {
            histogram.update(repeating: 0)
            for index in values.indices {
                let candidate = Self.key(of: values[index])
                if candidate & settled == key { histogram[Int((candidate &>> shift) & 255)] += mass.mass(at: index) }
            }
            var bin = Self.bins - 1
            while bin > 0, above + histogram[bin] < target {
                above += histogram[bin]
                bin -= 1
            }
            key |= UInt32(bin) &<< shift
            settled |= 255 &<< shift
        }
    }

    static let bins = 256

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
