/// How many durations fell between which bounds, as Prometheus counts them: fixed buckets, a count and a sum.
public struct DurationHistogram: Sendable, Equatable {
    /// Upper bounds of the buckets in nanoseconds, ascending; the bounds themselves belong to their buckets (`le`).
    private let limits: [Int64]
    /// Durations in each bucket alone, not in those below it; the last one is of those beyond all bounds.
    public private(set) var counts: [Int]
    private var nanoseconds: Int64 = 0
    public private(set) var count = 0

    /// - Parameter milliseconds: the buckets' upper bounds, ascending.
    init(milliseconds: [Double]) {
        limits = milliseconds.map { Int64(($0 * 1e6).rounded()) }
        counts = [Int](repeating: 0, count: limits.count + 1)
    }

    /// Upper bounds of all buckets but the last, in seconds.
    public var bounds: [Double] { limits.map { Double($0) / 1e9 } }
    /// Of all durations, in seconds.
    public var sum: Double { Double(nanoseconds) / 1e9 }

    /// Takes no memory, unless somebody holds a copy of this.
    mutating func record(nanoseconds duration: Int64) {
        // A clock that is set back must not make sums fall: Prometheus would take that for a restart.
        let duration = max(0, duration)
        var (low, high) = (0, limits.count)
        while low < high {
            let middle = (low + high) / 2
            if duration <= limits[middle] { high = middle } else { low = middle + 1 }
        }
        counts[low] += 1
        count += 1
        nanoseconds &+= duration
    }
}
