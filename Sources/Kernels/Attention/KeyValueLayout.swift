import CKernels

/// Where keys and values lie inside a block, and which NUMA node holds which heads.
///
/// On each node a block is `[layer][head of the node]`, and for each of these `keys [groups][headDim][16]` (lanes run over
/// tokens), then `values [groups][16][valueStride]` (lanes run over head dims). A group is 16 tokens.
public struct KeyValueLayout: Sendable, Equatable {
    public static let groupTokens = Int(PK_LANES)

    public let layers: Int
    public let heads: Int
    public let headDim: Int
    /// Tokens per block, a multiple of 16.
    public let blockTokens: Int
    /// Contiguous heads of each of the crew's nodes, in proportion to its lanes.
    public let headsByNode: [Range<Int>]

    public init(layers: Int, heads: Int, headDim: Int, blockTokens: Int, crew: WorkerLanes) {
        precondition(blockTokens > 0 && blockTokens % Self.groupTokens == 0, "a block holds whole groups of 16 tokens")
        self.layers = layers
        self.heads = heads
        self.headDim = headDim
        self.blockTokens = blockTokens
        headsByNode = crew.nodes.map {
            heads * $0.lanes.lowerBound / crew.count..<heads * $0.lanes.upperBound / crew.count
        }
    }

    public var groupsPerBlock: Int { blockTokens / Self.groupTokens }
    public var valueStride: Int { (headDim + 15) / 16 * 16 }
    var keyFloatsPerHead: Int { blockTokens * headDim }
    var floatsPerHead: Int { blockTokens * (headDim + valueStride) }

    public func floatsPerBlock(onNode node: Int) -> Int { layers * headsByNode[node].count * floatsPerHead }

    /// Bytes of one block on all nodes together.
    public var bytesPerBlock: Int { layers * heads * floatsPerHead * 4 }

    /// Blocks that fit into `bytes` on all nodes together, each node's heads into that node's limit too.
    ///
    /// A node that is nearly full does not starve the cache: never fewer than a quarter of what `bytes` alone allow,
    /// and what then finds no place on its node lies on another.
    public func blocks(fitting bytes: Int, nodeLimits: [Int?]) -> Int {
        precondition(nodeLimits.count == headsByNode.count, "one limit per node")
        let inAll = bytes / bytesPerBlock
        var blocks = inAll
        for (node, limit) in nodeLimits.enumerated() where !headsByNode[node].isEmpty {
            if let limit { blocks = min(blocks, limit / (floatsPerBlock(onNode: node) * 4)) }
        }
        return max(blocks, inAll / 4)
    }

    public static func bytesPerToken(layers: Int, heads: Int, headDim: Int) -> Int {
        layers * heads * (headDim + (headDim + 15) / 16 * 16) * 4
    }
}
