extension Trace {
    /// The block table of every sequence that held blocks while the step was computed, by its index into `sequences`.
    /// Linear in the number of holdings.
    public func tables(atStep step: Int) -> [Int: [Int32]] {
        var tables: [Int: [Int32]] = [:]
        for index in holdings.block.indices
        where holdings.from[index] <= step && step < holdings.until[index] {
            let logical = Int(holdings.logical[index])
            var table = tables[Int(holdings.sequence[index])] ?? []
            if table.count <= logical {
                table.append(contentsOf: repeatElement(-1, count: logical + 1 - table.count))
            }
            table[logical] = holdings.block[index]
            tables[Int(holdings.sequence[index])] = table
        }
        return tables
    }

    /// The blocks that were cached, with no holder, while the step was computed. Linear in the number of such spans.
    public func cachedBlocks(atStep step: Int) -> Set<Int32> {
        Set(
            cached.block.indices.filter { cached.from[$0] <= step && step < cached.until[$0] }.map { cached.block[$0] })
    }

    /// Rows of the step by sequence and work, in the order of `runs`. Linear in their number.
    public func entries(atStep step: Int) -> [(sequence: Int, rows: Int, work: Work)] {
        runs.step.indices.compactMap { index in
            let first = Int(runs.step[index])
            guard (first..<first + Int(runs.count[index])).contains(step), let work = Work(rawValue: runs.work[index])
            else { return nil }
            return (Int(runs.sequence[index]), Int(runs.rows[index]), work)
        }
    }
}
