import Models
import PagedCache

/// Who is there and who holds what, as it was taken down on the engine's queue.
struct Census {
    var sequences: [SequenceSnapshot] = []
    var unlisted = 0
    /// Of the blocks up to the last that is not free.
    var codes: [BlockMap.Code] = []
}

extension StepScheduler {
    /// Takes time and memory in proportion to the blocks that are in use and to the sequences that run, however many wait.
    ///
    /// - Parameters:
    ///   - plan: of the last step.
    ///   - most: sequences that are listed.
    func census(after plan: StepPlan, most: Int) -> Census {
        var rows: [ObjectIdentifier: Int] = [:]
        for entry in plan.entries { rows[ObjectIdentifier(entry.sequence), default: 0] += entry.rows }
        let running = running.flatMap { [$0] + $0.followers }
        var listed = Array(running.prefix(most))
        listed.append(contentsOf: waiting.unordered.prefix(most - listed.count))
        listed.append(contentsOf: aside.unordered(atMost: most - listed.count))

        var census = Census()
        census.sequences = listed.map { SequenceSnapshot($0, lastRows: rows[ObjectIdentifier($0)] ?? 0) }
        census.unlisted = running.count + waiting.count + aside.count - listed.count
        census.codes = cache.codes(holders: running.map(\.table), listed: most)
        return census
    }
}

extension PagedCache {
    /// - Parameter listed: holders from this one on are told from each other no more.
    fileprivate func codes(holders: [BlockTable], listed: Int) -> [BlockMap.Code] {
        let cached = allocator.keptBlocks
        let tables = holders.lazy.flatMap(\.blocks)
        var extent = max(cached.max() ?? -1, tables.lazy.map(\.rawValue).max() ?? -1)
        var codes = [BlockMap.Code](repeating: .free, count: Int(extent) + 1)
        for block in cached { codes[Int(block)] = .cached }
        var held = 0
        for (holder, table) in holders.enumerated() {
            for block in table.blocks where codes[block.index] == .free {
                codes[block.index] = .init(holder: min(holder, listed), isShared: allocator.isShared(block))
                held += 1
            }
        }
        guard held != usedBlocks else { return codes }
        // Held by no sequence that runs.
        for index in 0..<Int32(blockCount) where allocator.referenceCount(BlockID(rawValue: index)) > 0 {
            if index > extent {
                codes.append(contentsOf: repeatElement(.free, count: Int(index - extent)))
                extent = index
            }
            guard codes[Int(index)] == .free else { continue }
            codes[Int(index)] = .init(holder: listed, isShared: allocator.isShared(BlockID(rawValue: index)))
        }
        return codes
    }
}
