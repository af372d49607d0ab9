/// The few statistics that tables of measurements need.
enum Statistics {
    static func median(_ values: [Double]) -> Double? { percentile(50, of: values) }

    /// Between the two nearest ranks, linearly; `nil` of nothing.
    static func percentile(_ percent: Double, of values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let rank = percent / 100 * Double(sorted.count - 1)
        let low = Int(rank.rounded(.down))
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (rank - Double(low))
    }

    /// From the least to the greatest value, as a share of the median.
    static func spread(_ values: [Double]) -> Double? {
        guard let median = median(values), median > 0, let least = values.min(), let most = values.max() else {
            return nil
        }
        return (most - least) / median
    }
}
