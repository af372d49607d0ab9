import Kernels
import Models
import PagedCache

/// What a loaded engine holds in memory, and on which NUMA node it wants it.
public struct MemoryPlan: Sendable, Equatable {
    public struct Node: Sendable, Equatable {
        public var id: Int
        public var weightBytes: Int
        public var cacheBytes: Int
        public var heads: Range<Int>
        public var lanes: Int
    }

    /// `f32` or `bf16`.
    public var weightFormat: String
    public var weightBytes: Int
    /// Of these, the matrices of all layers: what every step reads.
    public var layerBytes: Int
    /// The head's matrix (the word embedding's where they are tied): what a step reads that chooses tokens.
    public var headBytes: Int
    /// Of keys and values: `f32` or `bf16`.
    public var cacheFormat: String
    public var cacheBytes: Int
    public var cacheBlocks: Int
    public var blockSize: Int
    public var bytesPerCachedToken: Int
    public var nodes: [Node]

    public var cacheTokens: Int { cacheBlocks * blockSize }
}

/// Where the pages of one region really lie, as the kernel answers `move_pages`.
public struct PagePlacement: Sendable, Equatable {
    /// `weights`, `cache` or `swap`.
    public var region: String
    /// `nil` where placement is off: any node will do.
    public var wantedNode: Int?
    /// Resident pages by the node they lie on.
    public var pagesByNode: [Int: Int]
    /// Pages that nobody has touched yet.
    public var absentPages: Int
    /// One sentence when the kernel refused to tell.
    public var unknown: String?
}

extension MemoryPlan {
    init(weights: BloomWeights, cache: PagedCache, crew: WorkerLanes) {
        weightFormat = weights.format.rawValue
        weightBytes = weights.byteCount
        layerBytes = weights.layerBytes
        headBytes = weights.headBytes
        cacheFormat = cache.layout.format.rawValue
        cacheBytes = cache.arenas.reduce(0) { $0 + $1.byteCount }
        cacheBlocks = cache.blockCount
        blockSize = cache.blockTokens
        bytesPerCachedToken = cache.layout.bytesPerBlock / cache.blockTokens
        nodes = crew.nodes.indices.map { node in
            Node(
                id: crew.nodes[node].id, weightBytes: weights.bytesByNode[node],
                cacheBytes: cache.arenas[node].byteCount, heads: cache.layout.headsByNode[node],
                lanes: crew.nodes[node].lanes.count)
        }
    }
}
