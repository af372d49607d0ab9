@testable import PagedCache

/// What the paged cache should do, written down as plainly as possible: arrays and dictionaries, no constant time.
///
/// Predicts every physical block. A text's beginning, up to any token, has a number (`TextNumbers`); a block's content
/// is the numbers of its tokens, so it says what came before the block, too.
struct CacheModel {
    struct Table: Equatable {
        var blocks: [Int32] = []
        var tokenCount = 0
        var indexedBlocks = 0
    }

    struct Swapped {
        var slots: [Int32]
        /// Of each slot.
        var content: [[UInt32]]
        var tokenCount: Int
    }

    /// Blocks that shall stay, the first one first, each with the count of blocks that had been indexed when it was.
    struct Pin {
        var blocks: [(block: Int32, entry: Int)]
    }

    let blockTokens: Int
    private(set) var free: [Int32]
    /// The last one is used next.
    private(set) var freeSlots: [Int32]
    /// Without a holder but indexed, in the order in which they lost their last one.
    private(set) var kept: [Int32] = []
    /// The same of those that somebody wants to stay: they are used last.
    private(set) var keptPinned: [Int32] = []
    private(set) var pins: [Int]
    private var entries = 0
    /// Which of the entries into the index each block's is.
    private var entryOfBlock: [Int32: Int] = [:]
    private(set) var holders: [Int]
    /// An indexed block by the number of the text that ends with it, and the other way round.
    private(set) var blockOfText: [UInt32: Int32] = [:]
    private(set) var textOfBlock: [Int32: UInt32] = [:]
    /// What each place of each block holds.
    private(set) var content: [[UInt32]]
    private(set) var statistics = PrefixStatistics()

    init(freeOrder: [Int32], slots: Int, blockTokens: Int) {
        self.blockTokens = blockTokens
        free = freeOrder
        freeSlots = (0..<Int32(slots)).reversed()
        holders = Array(repeating: 0, count: freeOrder.count)
        pins = holders
        content = Array(repeating: Array(repeating: 0, count: blockTokens), count: freeOrder.count)
    }

    var available: Int { free.count + kept.count + keptPinned.count }

    /// How many blocks of a text can be taken over: full, indexed, and not the one of its last token.
    func known(_ numbers: [UInt32]) -> Int {
        var blocks = 0
        while (blocks + 1) * blockTokens < numbers.count, blockOfText[end(of: blocks, numbers)] != nil { blocks += 1 }
        return blocks
    }

    /// False, with nothing changed, where too few blocks would be left.
    mutating func admit(_ numbers: [UInt32], into table: inout Table) -> Bool {
        let known = known(numbers)
        let blocks = (0..<known).map { blockOfText[end(of: $0, numbers)]! }
        let fresh = (numbers.count + blockTokens - 1) / blockTokens - known
        guard fresh + blocks.count(where: { holders[Int($0)] == 0 }) <= available else { return false }
        for block in blocks { hold(block) }
        table = Table(blocks: blocks, tokenCount: known * blockTokens, indexedBlocks: known)
        for _ in 0..<fresh { table.blocks.append(take()) }
        return true
    }

    /// Room for `tokens` in all; false, with nothing changed, where there is none.
    mutating func reserve(_ tokens: Int, for table: inout Table) -> Bool {
        let last = table.tokenCount / blockTokens
        let mustCopy =
            table.tokenCount % blockTokens > 0 && last < table.blocks.count && holders[Int(table.blocks[last])] > 1
        let fresh = max(0, (tokens + blockTokens - 1) / blockTokens - table.blocks.count)
        guard fresh + (mustCopy ? 1 : 0) <= available else { return false }
        if mustCopy {
            let own = take()
            content[Int(own)] = content[Int(table.blocks[last])]
            drop(table.blocks[last])
            table.blocks[last] = own
        }
        for _ in 0..<fresh { table.blocks.append(take()) }
        return true
    }

    /// Where a writer may write: blocks that nobody else holds or could get.
    func mayWrite(_ block: Int32) -> Bool { holders[Int(block)] == 1 && textOfBlock[block] == nil }

    mutating func write(_ number: UInt32, at place: Int, of block: Int32) { content[Int(block)][place] = number }

    mutating func fork(_ table: Table) -> Table {
        var copy = table
        copy.blocks.removeSubrange(((table.tokenCount + blockTokens - 1) / blockTokens)...)
        for block in copy.blocks { hold(block) }
        return copy
    }

    mutating func fork(_ table: Table, wholeBlocksWithin tokens: Int) -> Table {
        let blocks = Array(table.blocks.prefix(min(tokens, table.tokenCount) / blockTokens))
        for block in blocks { hold(block) }
        return Table(blocks: blocks, tokenCount: blocks.count * blockTokens)
    }

    mutating func publish(_ numbers: [UInt32], of table: inout Table) {
        for index in table.indexedBlocks..<max(table.indexedBlocks, table.tokenCount / blockTokens) {
            let (own, text) = (table.blocks[index], end(of: index, numbers))
            if let other = blockOfText[text], other != own {
                guard holders[Int(own)] == 1 else { return }
                hold(other)
                drop(own)
                table.blocks[index] = other
                statistics.duplicates += 1
            } else {
                if blockOfText[text] == nil {
                    entries += 1
                    entryOfBlock[own] = entries
                }
                (blockOfText[text], textOfBlock[own]) = (own, text)
            }
            table.indexedBlocks = index + 1
        }
    }

    mutating func release(_ table: inout Table) {
        for block in table.blocks.reversed() { drop(block) }
        table = Table()
    }

    // MARK: Swapping

    /// What a table leaves behind. `nil`, with nothing changed, where too few slots are free.
    mutating func swapOut(_ table: inout Table) -> Swapped? {
        let stored = table.blocks.prefix((table.tokenCount + blockTokens - 1) / blockTokens)
        guard stored.count <= freeSlots.count else { return nil }
        let slots = stored.map { _ in freeSlots.removeLast() }
        let swapped = Swapped(slots: slots, content: stored.map { content[Int($0)] }, tokenCount: table.tokenCount)
        release(&table)
        return swapped
    }

    /// `nil`, with nothing changed, where too few blocks would be left.
    mutating func swapIn(_ swapped: Swapped, tokens: Int) -> Table? {
        var table = Table()
        guard reserve(max(tokens, swapped.tokenCount), for: &table) else { return nil }
        for (block, stored) in zip(table.blocks, swapped.content) { content[Int(block)] = stored }
        table.tokenCount = swapped.tokenCount
        release(swapped)
        return table
    }

    mutating func release(_ swapped: Swapped) { freeSlots += swapped.slots.reversed() }

    // MARK: Pinning

    mutating func pin(_ numbers: [UInt32]) -> Pin {
        var blocks: [Int32] = []
        while (blocks.count + 1) * blockTokens <= numbers.count, let block = blockOfText[end(of: blocks.count, numbers)]
        {
            blocks.append(block)
        }
        for block in blocks.reversed() { changePins(of: block, by: 1) }
        return Pin(blocks: blocks.map { ($0, entryOfBlock[$0]!) })
    }

    mutating func unpin(_ pin: Pin) {
        for (block, entry) in pin.blocks.reversed() where entryOfBlock[block] == entry { changePins(of: block, by: -1) }
    }

    /// A block that nobody holds is the youngest of those that it now belongs to, unless it belonged to them before and has
    /// one pin less.
    private mutating func changePins(of block: Int32, by change: Int) {
        pins[Int(block)] += change
        guard holders[Int(block)] == 0, change > 0 || pins[Int(block)] == 0 else { return }
        unlist(block)
        list(block)
    }

    // MARK: Blocks

    /// The number of the text that ends with its block number `block`.
    private func end(of block: Int, _ numbers: [UInt32]) -> UInt32 { numbers[(block + 1) * blockTokens - 1] }

    private mutating func take() -> Int32 {
        let block: Int32
        if let last = free.popLast() {
            block = last
        } else {
            block = kept.isEmpty ? keptPinned.removeFirst() : kept.removeFirst()
            pins[Int(block)] = 0
            entryOfBlock[block] = nil
            blockOfText[textOfBlock.removeValue(forKey: block)!] = nil
            statistics.evictions += 1
        }
        holders[Int(block)] = 1
        return block
    }

    private mutating func hold(_ block: Int32) {
        unlist(block)
        holders[Int(block)] += 1
    }

    private mutating func drop(_ block: Int32) {
        holders[Int(block)] -= 1
        guard holders[Int(block)] == 0 else { return }
        if textOfBlock[block] != nil { list(block) } else { free.append(block) }
    }

    private mutating func list(_ block: Int32) {
        if pins[Int(block)] > 0 { keptPinned.append(block) } else { kept.append(block) }
    }

    private mutating func unlist(_ block: Int32) {
        kept.removeAll { $0 == block }
        keptPinned.removeAll { $0 == block }
    }

    mutating func noteAdmitted(_ tokens: Int, known: Int) {
        statistics.queriedTokens += tokens
        statistics.adoptedTokens += known * blockTokens
    }
}
