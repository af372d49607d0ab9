@testable import PagedCache

extension CacheWorkout {
    /// Every table, every count, both lists of blocks, and every token's place in the arena and in the swap space.
    func compare() throws {
        var holders = Array(repeating: 0, count: cache.blockCount)
        var before: [BlockID: BlockID?] = [:]
        for sequence in sequences {
            try compare(sequence)
            var last: BlockID?
            for block in sequence.table.blocks {
                holders[block.index] += 1
                try require(before[block, default: last] == last, "\(block) comes after two different blocks")
                before.updateValue(last, forKey: block)
                last = block
            }
        }
        try require(holders == model.holders, "blocks are lost or freed too early")
        let allocator = cache.allocator
        for (block, count) in holders.enumerated() {
            let id = BlockID(rawValue: Int32(block))
            try require(allocator.referenceCount(id) == count, "\(id): \(allocator.referenceCount(id)) for \(count)")
            try require(allocator.isWanted(id) == (model.textOfBlock[id.rawValue] != nil), "\(id) is indexed otherwise")
            try require(allocator.isPinned(id) == (model.pins[block] > 0), "\(id) is pinned otherwise")
        }
        try require(allocator.freeBlocks == model.free, "free: \(allocator.freeBlocks) for \(model.free)")
        let kept = model.kept + model.keptPinned
        try require(allocator.keptBlocks == kept, "kept: \(allocator.keptBlocks) for \(kept)")
        try require(cache.prefixes == model.statistics, "\(cache.prefixes) for \(model.statistics)")
        try require(cache.invariantsHold, "the books do not balance")
        try compareSwapSpace()
    }

    private func compare(_ sequence: Sequence) throws {
        let (table, expected) = (sequence.table, sequence.expected)
        try require(table.blocks.map(\.rawValue) == expected.blocks, "\(table.blocks) for \(expected.blocks)")
        try require(table.tokenCount == expected.tokenCount, "\(table.tokenCount) tokens for \(expected.tokenCount)")
        try require(table.indexed.tokenCount == expected.indexedBlocks * Self.blockTokens, "indexed otherwise")
        for position in 0..<table.tokenCount {
            let (block, place) = (table.blocks[position / Self.blockTokens], position % Self.blockTokens)
            let own = sequence.text.numbers[position]
            try require(memory.number(at: place, of: block) == own, "token \(position) is not the sequence's own")
            try require(model.content[block.index][place] == own, "the model is wrong")
        }
    }
}
