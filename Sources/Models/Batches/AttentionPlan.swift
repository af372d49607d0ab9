import CKernels

/// Which queries of a step pass over keys and values together, in what order, and how the work is dealt out.
struct AttentionPlan {
    private(set) var queries: [pk_query] = []
    private(set) var groups: [pk_query_group] = []
    /// Work in one head before each group, in keys that one query of many visits.
    private var costBefore: [Int] = []
    /// Work in one head.
    private(set) var cost = 0

    /// Large enough that a tile of keys is used many times while it is in the core's cache.
    private static let queriesPerGroup = 48
    /// What it costs to bring a key and its value from memory, beside the work of one query with them.
    private static let fetchCost = 12
    /// A query's work that does not depend on its position, in keys.
    private static let queryCost = 16

    /// Plan a new step; memory is kept.
    mutating func make(for batch: borrowing StepBatch) {
        queries.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        costBefore.removeAll(keepingCapacity: true)
        cost = 0
        for segment in batch.segments {
            var row = 0
            while row < segment.rows {
                let count = min(Self.queriesPerGroup, segment.rows - row)
                append(segment, rows: row..<row + count)
                row += count
            }
        }
    }

    private mutating func append(_ segment: StepBatch.Segment, rows: Range<Int>) {
        groups.append(pk_query_group(first: Int32(queries.count), count: Int32(rows.count), shared_tiles: 0))
        for row in rows {
            queries.append(
                pk_query(
                    row: Int32(segment.firstRow + row), position: Int32(segment.firstPosition + row),
                    table: Int32(segment.table)))
        }
        costBefore.append(cost)
        let keys = segment.firstPosition + rows.upperBound
        cost += keys * (Self.fetchCost + rows.count) + rows.count * Self.queryCost
    }

    /// The groups whose beginning lies in `stretch`, which counts the head's own work from `before` on. Stretches that
    /// follow each other have each group once.
    func groups(in stretch: Range<Int>, of before: Int) -> Range<Int> {
        let first = costBefore.firstIndex { before + $0 >= stretch.lowerBound } ?? costBefore.count
        let end = costBefore.firstIndex { before + $0 >= stretch.upperBound } ?? costBefore.count
        return first..<max(first, end)
    }

    func withGroups(_ part: Range<Int>, _ body: (UnsafePointer<pk_query>, UnsafeBufferPointer<pk_query_group>) -> Void)
    {
        queries.withUnsafeBufferPointer { queries in
            groups.withUnsafeBufferPointer { body(queries.baseAddress!, UnsafeBufferPointer(rebasing: $0[part])) }
        }
    }
}
