/// Blocks in the order in which they were appended, oldest first. The links lie in arrays beside the blocks (an intrusive
/// list): every operation takes constant time, none takes memory.
struct RecencyList: Sendable {
    private(set) var count = 0
    // A block's neighbours, `absent` outside the list. One slot beyond the blocks stands for both ends.
    private var next: [Int32]
    private var previous: [Int32]

    private static let absent: Int32 = -1

    /// An empty list of blocks 0 ..< `blocks`.
    init(blocks: Int) {
        next = [Int32](repeating: Self.absent, count: blocks + 1)
        previous = next
        next[blocks] = Int32(blocks)
        previous[blocks] = Int32(blocks)
    }

    private var ends: Int { next.count - 1 }

    var first: Int32? { count > 0 ? next[ends] : nil }

    func contains(_ block: Int32) -> Bool { next[Int(block)] != Self.absent }

    /// The block is the youngest now.
    mutating func append(_ block: Int32) {
        precondition(!contains(block), "a block is listed once")
        let last = previous[ends]
        (previous[Int(block)], next[Int(block)]) = (last, Int32(ends))
        next[Int(last)] = block
        previous[ends] = block
        count += 1
    }

    mutating func remove(_ block: Int32) {
        precondition(contains(block), "only what is listed can leave")
        let (before, after) = (previous[Int(block)], next[Int(block)])
        next[Int(before)] = after
        previous[Int(after)] = before
        (previous[Int(block)], next[Int(block)]) = (Self.absent, Self.absent)
        count -= 1
    }

    /// Oldest first. Linear in their number.
    var blocks: [Int32] {
        var blocks: [Int32] = []
        var block = next[ends]
        while block != Int32(ends), blocks.count <= count {
            blocks.append(block)
            block = next[Int(block)]
        }
        return blocks
    }
}
