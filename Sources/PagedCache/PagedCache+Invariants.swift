extension PagedCache {
    /// Whether the books of allocator and index balance and agree with each other. Linear; for tests.
    package var invariantsHold: Bool {
        allocator.invariantsHold && index.invariantsHold
            && (0..<blockCount).allSatisfy { block in
                let block = BlockID(rawValue: Int32(block))
                return index.contains(block) == allocator.isWanted(block)
            }
    }
}
