extension BlockAllocator {
    /// Whether the books balance: every block is either free, kept or referenced, and listed once. Linear; for tests.
    public var invariantsHold: Bool {
        var seen = [Bool](repeating: false, count: count)
        for block in freeBlocks + keptBlocks {
            guard block >= 0, block < count, !seen[Int(block)] else { return false }
            seen[Int(block)] = true
        }
        guard keptBlocks.count == keptCount else { return false }
        for block in (0..<count).map({ BlockID(rawValue: Int32($0)) }) {
            guard referenceCount(block) >= 0, seen[block.index] == (referenceCount(block) == 0) else { return false }
        }
        return keptBlocks.allSatisfy { isWanted(BlockID(rawValue: $0)) }
            && freeBlocks.allSatisfy { !isWanted(BlockID(rawValue: $0)) }
            && (0..<count).allSatisfy { block in
                let block = BlockID(rawValue: Int32(block))
                return isWanted(block) || !isPinned(block)
            }
    }
}
