/// Which samples of a request are there. Most requests have a handful, so most sets are one word.
package struct SampleSet: Equatable, Sendable {
    private var low: UInt64 = 0
    private var high: Set<Int> = []

    package init(_ samples: [Int] = []) { for sample in samples { insert(sample) } }

    package mutating func insert(_ sample: Int) {
        if 0..<64 ~= sample { low |= 1 << UInt64(sample) } else { high.insert(sample) }
    }

    package func contains(_ sample: Int) -> Bool {
        0..<64 ~= sample ? low & 1 << UInt64(sample) != 0 : high.contains(sample)
    }

    /// Whether the samples 0, 1, … n − 1 are all there. Never so many as no request can have: 0, or less.
    package func holdsAll(_ n: Int) -> Bool { n > 0 && (0..<n).allSatisfy(contains) }
}
