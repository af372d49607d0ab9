/// The most blocks that sequences will hold at once if all run on side by side for some steps, each to its expected end at
/// most.
///
/// Each step gives every sequence one token, so the peak is at the end of one of them: those that end earlier have given
/// their blocks back by then, the others have grown by as much as that one. (The idea is that of Gong et al., "Past-Future
/// Scheduler for LLM Serving under SLA Guarantees", 2025.)
struct BlockForecast {
    struct Row {
        /// Blocks that it gives back at its end.
        var held: Int
        /// Blocks that it will take until then, or until the horizon.
        var growth: Int
    }

    /// Steps that are looked ahead.
    let horizon: Int

    /// Blocks that are held by nobody here alone.
    let base: Int
    /// The longest growth first.
    private var rows: [Row] = []

    init(base: Int, horizon: Int) {
        self.base = base
        self.horizon = horizon
    }

    mutating func add(_ row: Row) {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].growth < row.growth { high = middle } else { low = middle + 1 }
        }
        rows.insert(row, at: low)
    }

    var peak: Int {
        var (peak, held) = (base, base)
        for (index, row) in rows.enumerated() {
            held += row.held
            peak = max(peak, held + (index + 1) * row.growth)
        }
        return peak
    }
}
