import CKernels
import Kernels
import Parterre

/// `y = x · weightsᵀ` on all lanes, the weights coming from memory as in a model with many layers.
func registerProducts(_ isa: String) {
    for format in WeightFormat.allCases {
        for shape in ProductShape.all {
            // A reference without vector instructions takes seconds for many rows.
            for rows in [1, 2, 4, 8, 16, 32, 96, 512] where isa != "portable" || rows <= 8 {
                register("product \(format) \(shape.name) M=\(rows) \(isa)") {
                    try await ProductWorkload(shape, format, rows: rows, isa: isa)
                }
            }
        }
        // The head when only tokens are chosen: no logits are written.
        for (name, demand) in [("greatest", RowDemand.greatest), ("top50", .top(50))] {
            for rows in [1, 8, 32] where isa != "portable" || rows <= 8 {
                register("product \(format) head+\(name) M=\(rows) \(isa)") {
                    try await ProductWorkload(.head, format, rows: rows, demand: demand, isa: isa)
                }
            }
        }
    }
}

/// A matrix of BLOOM-560m.
struct ProductShape {
    var name: String
    var columns: Int
    var k: Int
    var epilogue: pk_epilogue

    static let up = ProductShape(name: "up", columns: 4096, k: 1024, epilogue: PK_GELU)
    static let down = ProductShape(name: "down", columns: 1024, k: 4096, epilogue: PK_RESIDUAL)
    /// An eighth of the head's columns.
    static let head = ProductShape(name: "head", columns: 31_360, k: 1024, epilogue: PK_STORE)
    static let all = [up, down, head]
}

struct ProductWorkload: Workload {
    let limits: MachineLimits?
    let work: Work
    private let crew: WorkerLanes
    private let kernels: KernelSet
    private let arena = Arena()
    private let matrices: [PackedMatrix]
    private let matricesAtOnce: Int
    private let x: ActivationRows
    private let target: ProductTarget
    /// Where only some of a row's values are asked for.
    private let selection: ProductSelection?
    private let demands: [RowDemand]
    private var next = 0

    /// More than the caches hold, so that each matrix comes from memory.
    private static let bytesInTurn = 640 << 20

    init(_ shape: ProductShape, _ format: WeightFormat, rows: Int, demand: RowDemand? = nil, isa: String) async throws {
        let limits = try await RunLimits.get()
        self.limits = limits
        kernels = try KernelSet.select(named: isa)
        crew = try WorkerLanes()
        let plan = PanelPlan(columns: shape.columns, k: shape.k, format: format, crew: crew)
        let bytes = PanelPlan.packedBytes(columns: shape.columns, k: shape.k, format: format)
        let copies = max(2, (Self.bytesInTurn + bytes - 1) / bytes)
        matrices = try Self.matrices(plan, copies: copies, arena, crew, kernels)
        // Few rows pass over all of the memory in one iteration, many over one matrix.
        matricesAtOnce = max(1, copies / rows)
        (x, target) = try Self.rows(shape, format, rows: rows, arena, kernels)
        demands = demand.map { Array(repeating: $0, count: rows) } ?? []
        selection = try demand.map { [arena, crew] _ in
            var allocator = try arena.allocator(bytes: ProductSelection.footprint(rows: rows, lanes: crew.count))
            return ProductSelection(rows: rows, lanes: crew.count, from: &allocator)
        }
        work = Work(
            operations: Double(2 * matricesAtOnce * rows * shape.columns * shape.k),
            bytes: Double(matricesAtOnce * bytes), peak: limits.operationsPerSecond(weights: format.rawValue))
    }

    mutating func run() {
        crew.run { lane in
            for index in 0..<matricesAtOnce {
                let matrix = matrices[(next + index) % matrices.count].onNode(lane.node)
                // Between two products, as in a model.
                defer { lane.barrier() }
                guard let selection else {
                    matrix.multiply(x, into: target, kernels: kernels, lane: lane)
                    continue
                }
                selection.begin(demands, lane: lane)
                matrix.multiply(x, into: selection.target(of: lane), kernels: kernels, lane: lane) {
                    selection.take($0, whole: target.y, stride: target.stride, kernels: kernels, lane: lane)
                }
            }
        }
        next = (next + matricesAtOnce) % matrices.count
    }

    /// One packed matrix, and copies of it.
    private static func matrices(
        _ plan: PanelPlan, copies: Int, _ arena: Arena, _ crew: WorkerLanes, _ kernels: KernelSet
    ) throws -> [PackedMatrix] {
        var allocators = try crew.nodes.indices.map { node in
            try arena.allocator(
                bytes: copies * RegionAllocator.footprint(plan.bytes(onNode: node)),
                node: crew.machine.canPlace ? crew.nodes[node].id : nil)
        }
        let matrices = (0..<copies).map { _ in PackedMatrix(plan, from: &allocators) }
        let weights = try arena.randomFloats(plan.columns * plan.k, scale: 0.02)
        let source = SourceMatrix(
            bytes: UnsafeRawBufferPointer(start: weights, count: plan.columns * plan.k * 4), type: PK_F32,
            rows: plan.columns, k: plan.k)
        crew.run { lane in
            matrices[0].pack(source, kernels: kernels, lane: lane)
            for matrix in matrices.dropFirst() { matrix.copy(matrices[0], lane: lane) }
        }
        return matrices
    }

    private static func rows(
        _ shape: ProductShape, _ format: WeightFormat, rows: Int, _ arena: Arena, _ kernels: KernelSet
    ) throws -> (ActivationRows, ProductTarget) {
        let (k, stride) = (shape.k, shape.columns + 16)
        let floats = try arena.randomFloats(rows * k)
        var allocator = try arena.allocator(
            bytes: FormedRows.footprint(format.rowForm, rows: rows, width: k, kernels: kernels) + rows * stride * 4 + 64
        )
        let formed = FormedRows(format.rowForm, rows: rows, width: k, kernels: kernels, from: &allocator)
        for row in 0..<rows { formed.form(floats + row * k, count: k, row: row) }
        let y = allocator.takeFloats(rows * stride)
        let bias = try arena.randomFloats(shape.columns)
        let residual = shape.epilogue == PK_RESIDUAL ? try arena.randomFloats(rows * stride) : nil
        let target = ProductTarget(y, stride: stride, bias: bias, residual: residual, epilogue: shape.epilogue)
        return (formed.rows(rows), target)
    }
}
