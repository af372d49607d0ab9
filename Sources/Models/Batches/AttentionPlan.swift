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
    ///
    /// A prompt's rows make groups of their own. Rows that decode join the one before while they have enough softmax tiles
    /// in common with its group: samples of one prompt arrived together, so they stand side by side.
    mutating func make(for batch: borrowing StepBatch, blockTokens: Int) {
        queries.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        costBefore.removeAll(keepingCapacity: true)
        cost = 0
        var index = 0
        while index < batch.segments.count {
            if batch.segments[index].rows == 1 {
                index = appendDecodes(from: index, of: batch, blockTokens)
            } else {
                appendPrompt(batch.segments[index])
                index += 1
            }
        }
    }

    private mutating func appendPrompt(_ segment: StepBatch.Segment) {
        for first in stride(from: 0, to: segment.rows, by: Self.queriesPerGroup) {
            let rows = first..<min(first + Self.queriesPerGroup, segment.rows)
            beginGroup(count: rows.count, sharedTiles: 0)
            for row in rows { append(segment, row: row) }
            cost += (segment.firstPosition + rows.upperBound) * (Self.fetchCost + rows.count)
        }
    }

    /// Returns the index after the last segment of the group.
    private mutating func appendDecodes(
        from first: Int, of batch: borrowing StepBatch, _ blockTokens: Int
    ) -> Int {
        var end = first + 1
        var shared = batch.segments[first].tilesBehind
        while end < batch.segments.count, batch.segments[end].rows == 1, end - first < Self.queriesPerGroup {
            let common = batch.commonTiles(first, end, atMost: shared, blockTokens: blockTokens)
            // What all pass over together is passed over once: that must not become less.
            guard common > 0, (end - first) * common >= (end - first - 1) * shared else { break }
            shared = common
            end += 1
        }
        if end == first + 1 { shared = 0 }
        beginGroup(count: end - first, sharedTiles: shared)
        let sharedKeys = shared * Self.tile
        cost += sharedKeys * (Self.fetchCost + end - first)
        for segment in batch.segments[first..<end] {
            append(segment, row: 0)
            cost += (segment.firstPosition + 1 - sharedKeys) * (Self.fetchCost + 1)
        }
        return end
    }

    private mutating func beginGroup(count: Int, sharedTiles: Int) {
        groups.append(
            pk_query_group(first: Int32(queries.count), count: Int32(count), shared_tiles: Int32(sharedTiles)))
        costBefore.append(cost)
    }

    private mutating func append(_ segment: StepBatch.Segment, row: Int) {
        queries.append(
            pk_query(
                row: Int32(segment.firstRow + row), position: Int32(segment.firstPosition + row),
                table: Int32(segment.table)))
        cost += Self.queryCost
    }

    fileprivate static let tile = Int(PK_ATTENTION_TILE)

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

extension StepBatch.Segment {
    /// Whole softmax tiles of positions before its first token.
    fileprivate var tilesBehind: Int { firstPosition / AttentionPlan.tile }
}

extension StepBatch {
    /// How many of the first softmax tiles of two segments lie in the same blocks, and before both.
    fileprivate func commonTiles(_ a: Int, _ b: Int, atMost limit: Int, blockTokens: Int) -> Int {
        let (a, b) = (segments[a], segments[b])
        let limit = min(limit, b.tilesBehind)
        var blocks = 0
        for tile in 0..<limit {
            let end = ((tile + 1) * AttentionPlan.tile + blockTokens - 1) / blockTokens
            while blocks < end {
                guard blockTables[a.table + blocks] == blockTables[b.table + blocks] else { return tile }
                blocks += 1
            }
        }
        return limit
    }
}
