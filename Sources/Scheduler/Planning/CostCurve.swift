/// Seconds that one kind of work takes over some number of rows, learnt from the steps that ran.
///
/// A table over sizes. Of a size it keeps how much longer it took than a prior says, so that sizes between and beyond the
/// measured ones have the prior's shape at the scale of their neighbours.
struct CostCurve {
    /// Rows for which the weights are read once.
    let band: Int
    let sizes: [Int]
    private var measured: [RecentRatios]
    private var records = 0

    /// A size that was not seen for so many records counts as never measured: the machine may have been busy then, or be now.
    static let memory = 100
    /// Rows that are computed while memory brings the weights, roughly. Only where measurements are missing does it matter
    /// that this is a guess.
    static let rowsPerRead = 24

    init(mostRows: Int, band: Int) {
        self.band = band
        let small = [1, 2, 4, 8, 16, 24, 32, 48, 64].filter { $0 < band }
        let bands = stride(from: band, through: mostRows, by: band)
        sizes = Set(small + bands + [max(1, mostRows)]).sorted()
        measured = Array(repeating: RecentRatios(), count: sizes.count)
    }

    var isEmpty: Bool { records == 0 }

    /// A step of so many rows took so long; nothing is learnt from no rows.
    mutating func record(rows: Int, seconds: Double) {
        guard rows > 0, seconds > 0, seconds.isFinite else { return }
        records += 1
        let index = nearestSize(to: rows)
        if isForgotten(index) { measured[index] = RecentRatios() }
        measured[index].add(seconds / prior(rows), at: records)
    }

    /// What these rows will take; before anything was measured in units of the prior, and 0 for no rows.
    func seconds(_ rows: Int) -> Double { rows > 0 ? prior(rows) * scale(rows) : 0 }

    /// Whether about so many rows were measured often enough that one outlier would show.
    func isKnown(_ rows: Int) -> Bool {
        let index = nearestSize(to: rows)
        return measured[index].count > 1 && !isForgotten(index)
    }

    /// The shape of time over rows, in rows: a band costs its rows' products, but no less than reading the weights.
    private func prior(_ rows: Int) -> Double {
        let rest = rows % band
        return Double(rows - rest + (rest > 0 ? max(rest, Self.rowsPerRead) : 0))
    }

    /// Measured over prior. A size of its own lies between its neighbours in proportion to the distances; one that was never
    /// measured is taken to be as fast as the faster of them, since only a guess that is tried can be corrected.
    private func scale(_ rows: Int) -> Double {
        let known = sizes.indices.lazy.filter { ratio($0) != nil }
        let below = known.last { sizes[$0] <= rows }
        let above = known.first { sizes[$0] >= rows }
        guard let lower = (below ?? above).flatMap(ratio), let upper = (above ?? below).flatMap(ratio) else { return 1 }
        guard let below, let above, below < above else { return lower }
        guard ratio(nearestSize(to: rows)) != nil else { return min(lower, upper) }
        return lower + (upper - lower) * Double(rows - sizes[below]) / Double(sizes[above] - sizes[below])
    }

    private func ratio(_ index: Int) -> Double? { isForgotten(index) ? nil : measured[index].typical }

    private func nearestSize(to rows: Int) -> Int {
        guard let above = sizes.firstIndex(where: { $0 >= rows }) else { return sizes.count - 1 }
        return above > 0 && rows - sizes[above - 1] < sizes[above] - rows ? above - 1 : above
    }

    private func isForgotten(_ index: Int) -> Bool {
        measured[index].count > 0 && records - measured[index].lastRecord > Self.memory
    }
}

/// The last few measurements of one size. Their lower median: whatever holds a step up makes it longer, never shorter,
/// and a machine that has really changed is believed after three steps.
private struct RecentRatios {
    private var values: [Double] = []
    private var next = 0
    private(set) var lastRecord = 0
    private(set) var typical: Double?

    private static let capacity = 5

    var count: Int { values.count }

    mutating func add(_ value: Double, at record: Int) {
        if values.count < Self.capacity { values.append(value) } else { values[next] = value }
        next = (next + 1) % Self.capacity
        lastRecord = record
        typical = values.sorted()[(values.count - 1) / 2]
    }
}
