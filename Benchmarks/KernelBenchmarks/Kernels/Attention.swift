import CKernels
import Foundation
import Kernels
import Parterre

/// Attention over pages in the heads of BLOOM-560m, all lanes.
func registerAttention(_ isa: String) {
    for format in KeyValueFormat.allCases {
        for context in [256, 2048, 8192] where isa != "portable" || context <= 256 {
            register("attention \(format) decode b8 behind \(context) \(isa)") {
                try await AttentionWorkload(.decode(rows: 8), behind: context, format, isa: isa)
            }
        }
        for context in [0, 1536] where isa != "portable" {
            register("attention \(format) chunk of 512 behind \(context) \(isa)") {
                try await AttentionWorkload(.chunk(rows: 512), behind: context, format, isa: isa)
            }
        }
    }
}

/// What a step asks of attention.
enum AttentionStep {
    /// So many sequences, one query each.
    case decode(rows: Int)
    /// One sequence, so many queries.
    case chunk(rows: Int)

    var rows: Int {
        switch self {
        case .decode(let rows), .chunk(let rows): rows
        }
    }

    var sequences: Int {
        switch self {
        case .decode(let rows): rows
        case .chunk: 1
        }
    }
}

struct AttentionWorkload: Workload {
    let limits: MachineLimits?
    let work: Work
    private let crew: WorkerLanes
    private let kernels: KernelSet
    private let arena = Arena()
    private let store: KeyValueStore
    private let queries: [pk_query]
    private let groups: [pk_query_group]
    private let blockTables: [Int32]
    private let q: UnsafeMutablePointer<Float>
    private let out: UnsafeMutablePointer<Float>
    private let scratch: [UnsafeMutablePointer<Float>]
    private var layer = 0

    private static let heads = 16
    private static let headDim = 64
    private static let blockTokens = 32
    /// Queries of a chunk that pass over the pages together.
    private static let queriesPerGroup = 48
    /// More than the caches hold: each iteration reads another layer's pages.
    private static let bytesInTurn = 640 << 20

    init(_ step: AttentionStep, behind context: Int, _ format: KeyValueFormat, isa: String) async throws {
        let limits = try await RunLimits.get()
        self.limits = limits
        kernels = try KernelSet.select(named: isa)
        crew = try WorkerLanes()
        let (heads, dim) = (Self.heads, Self.headDim)
        let rowsEach = step.rows / step.sequences
        let tokens = context + rowsEach
        let blocksEach = (tokens + Self.blockTokens - 1) / Self.blockTokens
        let tokenBytes = KeyValueLayout.bytesPerToken(layers: 1, heads: heads, headDim: dim, format: format)
        let bytes = step.sequences * tokens * tokenBytes
        let layout = KeyValueLayout(
            layers: max(1, (Self.bytesInTurn + bytes - 1) / bytes), heads: heads, headDim: dim,
            blockTokens: Self.blockTokens, format: format, crew: crew)
        store = try Self.store(layout, blocks: step.sequences * blocksEach, arena, crew, kernels)
        blockTables = (0..<step.sequences * blocksEach).map { Int32($0) }
        queries = (0..<step.rows).map { row in
            pk_query(
                row: Int32(row), position: Int32(context + row % rowsEach), table: Int32(row / rowsEach * blocksEach))
        }
        let inGroup = min(Self.queriesPerGroup, rowsEach)
        groups = stride(from: 0, to: step.rows, by: inGroup).map {
            pk_query_group(first: Int32($0), count: Int32(min(inGroup, step.rows - $0)), shared_tiles: 0)
        }
        q = try arena.randomFloats(step.rows * heads * dim)
        out = try arena.randomFloats(step.rows * heads * dim)
        scratch = try (0..<crew.count).map { [arena] _ in
            try arena.randomFloats(KeyValueStore.attentionScratchFloats(headDim: dim))
        }
        // Each query sees its own and all earlier tokens: one operation of each kind with every number of K and of V.
        let pairs = queries.reduce(0.0) { $0 + Double($1.position) + 1 }
        work = Work(
            operations: pairs * Double(4 * heads * dim), bytes: Double(bytes), peak: limits.f32OperationsPerSecond)
    }

    mutating func run() {
        let dim = Self.headDim
        crew.run { lane in
            let keyValues = store.onNode(lane.node)
            let heads = keyValues.heads
            let items = lane.shareOnNode(of: 0..<heads.count * groups.count)
            for head in heads {
                let first = (head - heads.lowerBound) * groups.count
                let part = items.clamped(to: first..<first + groups.count)
                guard !part.isEmpty else { continue }
                groups.withUnsafeBufferPointer { groups in
                    keyValues.attend(
                        layer: layer, head: head, queries: queries,
                        groups: UnsafeBufferPointer(
                            rebasing: groups[part.lowerBound - first..<part.upperBound - first]),
                        blockTables: blockTables, q: q + head * dim, qStride: Self.heads * dim, slope: 0.01,
                        scale: 0.125, out: out + head * dim, outStride: Self.heads * dim, scratch: scratch[lane.index],
                        kernels: kernels)
                }
            }
        }
        layer = (layer + 1) % store.layout.layers
    }

    /// Random keys and values in all blocks.
    private static func store(
        _ layout: KeyValueLayout, blocks: Int, _ arena: Arena, _ crew: WorkerLanes, _ kernels: KernelSet
    ) throws -> KeyValueStore {
        let bases = try crew.nodes.indices.map { node in
            try arena.region(
                bytes: blocks * layout.bytesPerBlock(onNode: node),
                node: crew.machine.canPlace ? crew.nodes[node].id : nil
            ).base
        }
        let store = KeyValueStore(layout: layout, bases: bases)
        let width = layout.headDim
        let floats = try arena.randomFloats(layout.blockTokens * width)
        for layer in 0..<layout.layers {
            for keyValues in layout.headsByNode.indices.map({ store.onNode($0) }) {
                for (head, part) in keyValues.heads.flatMap({ head in [(head, KeyValuePart.key), (head, .value)] }) {
                    keyValues.storeWhole(
                        layer: layer, head: head, part: part, blockTable: [0], firstPosition: 0,
                        rows: layout.blockTokens, from: floats, stride: width, kernels: kernels)
                }
            }
        }
        for block in 1..<blocks { store.copyBlock(from: 0, to: block) }
        return store
    }
}
