import Basics

/// Which block holds which tokens after which others: a tree of full blocks, in which a block is found by the node
/// before it and its own tokens.
///
/// Both are compared exactly, so blocks whose hashes are equal never stand in for each other. A node is its block as long
/// as it is indexed, so there are never more nodes than blocks, and no memory is taken after `init`. Finding, entering and
/// removing a block take constant time on average.
struct PrefixIndex: ~Copyable {
    private struct Node {
        /// `root` where the block is not indexed.
        var id = PrefixNodeID.root
        var parent = PrefixNodeID.root
        var parentBlock = BlockID(rawValue: -1)
        var hash: UInt64 = 0
        /// Next block with the same bucket, −1 after the last.
        var next: Int32 = -1
    }

    private let hash: PrefixHash
    private var tokens: TokenArena
    /// By block.
    private var nodes: [Node]
    /// First block of each bucket, −1 for none; a power of two of them, as many as blocks or more.
    private var buckets: [Int32]
    private var lastID: UInt64 = 0
    private(set) var count = 0

    init(blocks: Int, blockTokens: Int, hash: PrefixHash) {
        self.hash = hash
        tokens = TokenArena(blocks: blocks, blockTokens: blockTokens)
        nodes = Array(repeating: Node(), count: blocks)
        var bucketCount = 1
        while bucketCount < blocks { bucketCount *= 2 }
        buckets = Array(repeating: -1, count: bucketCount)
    }

    var blockTokens: Int { tokens.blockTokens }

    func contains(_ block: BlockID) -> Bool { nodes[block.index].id != .root }

    /// `root` for a block that is not indexed.
    func node(of block: BlockID) -> PrefixNodeID { nodes[block.index].id }

    /// Whether the chain's last block, and so every one before it, is still what it was.
    func contains(_ chain: PrefixChain) -> Bool { chain.node == .root || nodes[chain.block.index].id == chain.node }

    /// The block before the last one of a valid chain; meaningless for its first block.
    func parent(of block: BlockID) -> BlockID { nodes[block.index].parentBlock }

    /// The hash of a block of these tokens after a valid chain.
    func key(_ content: UnsafeBufferPointer<TokenID>, after chain: PrefixChain) -> UInt64 {
        hash.combine(chain.node == .root ? hash.seed : nodes[chain.block.index].hash, content)
    }

    /// The valid chain made longer by an indexed block of these tokens, if there is one.
    func find(_ content: UnsafeBufferPointer<TokenID>, after chain: PrefixChain) -> PrefixChain? {
        let key = self.key(content, after: chain)
        var block = buckets[bucket(key)]
        while block >= 0 {
            let node = nodes[Int(block)]
            let id = BlockID(rawValue: block)
            if node.hash == key, node.parent == chain.node, tokens.holds(content, in: id) {
                return self.chain(chain, to: id)
            }
            block = node.next
        }
        return nil
    }

    /// The valid chain made longer by `block`, which holds these tokens and is not indexed yet; nor is an equal one.
    mutating func insert(
        _ block: BlockID, _ content: UnsafeBufferPointer<TokenID>, after chain: PrefixChain
    ) -> PrefixChain {
        precondition(!contains(block), "a block is indexed once")
        let key = self.key(content, after: chain)
        lastID += 1
        nodes[block.index] = Node(
            id: PrefixNodeID(rawValue: lastID), parent: chain.node, parentBlock: chain.block, hash: key,
            next: buckets[bucket(key)])
        buckets[bucket(key)] = block.rawValue
        tokens.store(content, of: block)
        count += 1
        return self.chain(chain, to: block)
    }

    /// The block's content goes. No indexed block may come after it.
    mutating func remove(_ block: BlockID) {
        precondition(contains(block), "only what is indexed can leave")
        let node = nodes[block.index]
        if buckets[bucket(node.hash)] == block.rawValue {
            buckets[bucket(node.hash)] = node.next
        } else {
            var before = Int(buckets[bucket(node.hash)])
            while nodes[before].next != block.rawValue { before = Int(nodes[before].next) }
            nodes[before].next = node.next
        }
        nodes[block.index] = Node()
        count -= 1
    }

    private func bucket(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key) & (buckets.count - 1) }

    private func chain(_ chain: PrefixChain, to block: BlockID) -> PrefixChain {
        PrefixChain(tokenCount: chain.tokenCount + blockTokens, node: nodes[block.index].id, block: block)
    }
}

extension PrefixIndex {
    /// Whether every indexed block can be found from its bucket, comes after an indexed block or the root, and has an
    /// identity of its own. Linear; for tests.
    var invariantsHold: Bool {
        var found = 0
        for (bucket, first) in buckets.enumerated() {
            var block = first
            while block >= 0 {
                guard found < nodes.count, nodes[Int(block)].id != .root,
                    self.bucket(nodes[Int(block)].hash) == bucket
                else { return false }
                found += 1
                block = nodes[Int(block)].next
            }
        }
        let indexed = nodes.filter { $0.id != .root }
        return found == count && indexed.count == count && Set(indexed.map(\.id)).count == count
            && indexed.allSatisfy { $0.id.rawValue <= lastID }
            && indexed.allSatisfy { $0.parent == .root || nodes[$0.parentBlock.index].id == $0.parent }
    }
}
