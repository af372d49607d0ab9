import CKernels

/// Where keys and values lie inside a block, and which NUMA node holds which heads.
///
/// On each node a block is `[layer][head of the node]`, and for each of these first the keys of all its groups of 16
/// tokens, then their values, as the format lays them out (CKernels.h, `pk_page_format`).
public struct KeyValueLayout: Sendable, Equatable {
    public static let groupTokens = Int(PK_LANES)

    public let layers: Int
    public let heads: Int
    public let headDim: Int
    /// Tokens per block, a multiple of 16.
    public let blockTokens: Int
    public let format: KeyValueFormat
    /// Contiguous heads of each of the crew's nodes, in proportion to its lanes.
    public let headsByNode: [Range<Int>]
    let keyBytesPerHead: Int
    let bytesPerHead: Int

    public init(layers: Int, heads: Int, headDim: Int, blockTokens: Int, format: KeyValueFormat, crew: WorkerLanes) {
        let headsByNode = crew.nodes.map {
            heads * $0.lanes.lowerBound / crew.count..<heads * $0.lanes.upperBound / crew.count
        }
        self.init(
            layers: layers, heads: heads, headDim: headDim, blockTokens: blockTokens, format: format,
            headsByNode: headsByNode)
    }

    init(layers: Int, heads: Int, headDim: Int, blockTokens: Int, format: KeyValueFormat, headsByNode: [Range<Int>]) {
        precondition(blockTokens > 0 && blockTokens % Self.groupTokens == 0, "a block holds whole groups of 16 tokens")
        self.layers = layers
        self.heads = heads
        self.headDim = headDim
        self.blockTokens = blockTokens
        self.format = format
        self.headsByNode = headsByNode
        let groups = blockTokens / Self.groupTokens
        keyBytesPerHead = groups * format.keyGroupBytes(headDim: headDim)
        bytesPerHead = keyBytesPerHead + groups * format.valueGroupBytes(headDim: headDim)
    }

    public var groupsPerBlock: Int { blockTokens / Self.groupTokens }

    public func bytesPerBlock(onNode node: Int) -> Int { layers * headsByNode[node].count * bytesPerHead }

    /// Bytes of one block on all nodes together.
    public var bytesPerBlock: Int { layers * heads * bytesPerHead }

    /// Blocks that fit into `bytes` on all nodes together, each node's heads into that node's limit too.
    ///
    /// A node that is nearly full does not starve the cache: never fewer than a quarter of what `bytes` alone allow,
    /// and what then finds no place on its node lies on another.
    public func blocks(fitting bytes: Int, nodeLimits: [Int?]) -> Int {
        precondition(nodeLimits.count == headsByNode.count, "one limit per node")
        let inAll = bytes / bytesPerBlock
        var blocks = inAll
        for (node, limit) in nodeLimits.enumerated() where !headsByNode[node].isEmpty {
            if let limit { blocks = min(blocks, limit / bytesPerBlock(onNode: node)) }
        }
        return max(blocks, inAll / 4)
    }

    public static func bytesPerToken(layers: Int, heads: Int, headDim: Int, format: KeyValueFormat) -> Int {
        let group = format.keyGroupBytes(headDim: headDim) + format.valueGroupBytes(headDim: headDim)
        return layers * heads * group / groupTokens
    }
}
