import CKernels
import Kernels
import Parterre

/// Making packed matrices out of a checkpoint's on all lanes, and reading rows back; bytes are the checkpoint's.
func registerPacking(_ isa: String) {
    for format in WeightFormat.allCases {
        for (source, type) in [("f32", PK_F32), ("bf16", PK_BF16)] {
            register("pack \(format) from \(source) \(isa)") {
                try await PackWorkload(format, from: type, isa: isa)
            }
        }
        register("unpack row \(format) 1024 \(isa)") { try UnpackWorkload(format, isa: isa) }
    }
}

struct PackWorkload: Workload {
    let limits: MachineLimits?
    let work: Work
    private let crew: WorkerLanes
    private let kernels: KernelSet
    private let arena = Arena()
    private let matrix: PackedMatrix
    private let source: SourceMatrix

    private static let (columns, k) = (16_384, 1024)

    init(_ format: WeightFormat, from type: pk_type, isa: String) async throws {
        limits = try await RunLimits.get()
        kernels = try KernelSet.select(named: isa)
        crew = try WorkerLanes()
        let count = Self.columns * Self.k
        // The upper half of a float is the nearest bf16 towards zero: of a random row every word serves as two.
        let elements = try arena.randomFloats(type == PK_F32 ? count : count / 2, scale: 0.02)
        let bytes = count * (type == PK_F32 ? 4 : 2)
        source = SourceMatrix(
            bytes: UnsafeRawBufferPointer(start: elements, count: bytes), type: type, rows: Self.columns, k: Self.k)
        let plan = PanelPlan(columns: Self.columns, k: Self.k, format: format, crew: crew)
        var allocators = try crew.nodes.indices.map { [arena, crew] node in
            try arena.allocator(
                bytes: plan.bytes(onNode: node), node: crew.machine.canPlace ? crew.nodes[node].id : nil)
        }
        matrix = PackedMatrix(plan, from: &allocators)
        work = Work(bytes: Double(bytes))
    }

    mutating func run() { crew.run { lane in matrix.pack(source, kernels: kernels, lane: lane) } }
}

/// Rows of the embedding, which are read out of the head's panels, on one thread.
struct UnpackWorkload: Workload {
    let limits: MachineLimits? = nil
    let work: Work
    private let kernels: KernelSet
    private let arena = Arena()
    private let matrix: PackedMatrix
    private let out: UnsafeMutablePointer<Float>

    private static let (columns, k, rows) = (4096, 1024, 256)

    init(_ format: WeightFormat, isa: String) throws {
        kernels = try KernelSet.select(named: isa)
        let crew = try WorkerLanes(threads: 1)
        defer { crew.stop() }
        let plan = PanelPlan(columns: Self.columns, k: Self.k, format: format, crew: crew)
        var allocators = [try arena.allocator(bytes: plan.bytes(onNode: 0))]
        matrix = PackedMatrix(plan, from: &allocators)
        let floats = try arena.randomFloats(Self.columns * Self.k)
        let source = SourceMatrix(
            bytes: UnsafeRawBufferPointer(start: floats, count: Self.columns * Self.k * 4), type: PK_F32,
            rows: Self.columns, k: Self.k)
        let (matrix, kernels) = (matrix, kernels)
        crew.run { lane in matrix.pack(source, kernels: kernels, lane: lane) }
        out = try arena.randomFloats(Self.k)
        work = Work(bytes: Double(Self.rows * Self.k * 4))
    }

    mutating func run() {
        // A stride that meets every panel.
        for row in 0..<Self.rows { matrix.unpackRow(row * 1021 % Self.columns, to: out, kernels: kernels) }
    }
}
