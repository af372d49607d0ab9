extension BlockAllocator {
    /// Whether the books balance: every block is either in the free list once or referenced. Linear; for tests.
    public var invariantsHold: Bool {
        var seen = [Bool](repeating: false, count: count)
        for block in freeBlocks {
            guard block >= 0, block < count, !seen[Int(block)] else { return false }
            seen[Int(block)] = true
        }
        for block in 0..<count {
            let references = referenceCount(BlockID(rawValue: Int32(block)))
            guard references >= 0, seen[block] == (references == 0) else { return false }
        }
        return true
    }
}
