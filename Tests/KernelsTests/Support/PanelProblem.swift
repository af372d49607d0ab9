import CKernels
import Kernels
import TestSupport

/// One panel call with random operands, to be run by any instruction set and on any of its rows.
struct PanelProblem {
    var format: WeightFormat
    var k: Int
    var rows: Int
    var columns: Int
    /// Bytes between rows of x.
    var xGap = 0
    var yGap = 0
    var epilogue = PK_STORE
    var hasBias = true
    /// The residual lies in y itself, as the model calls it.
    var residualIsOutput = false

    var x: [[Float]] = []
    var weights: [[Float]] = []
    var bias: [Float] = []
    var residual: [[Float]] = []

    static let untouched: Float = 12345.5

    init(
        _ format: WeightFormat, k: Int, rows: Int, columns: Int = 64, seed: UInt64,
        draw: (inout SplitMix64) -> Float = { $0.normal() }
    ) {
        (self.format, self.k, self.rows, self.columns) = (format, k, rows, columns)
        var random = SplitMix64(seed: seed)
        func held(_ value: Float) -> Float {
            format == .bf16 ? ScalarArithmetic.float(bf16: ScalarArithmetic.bf16(value)) : value
        }
        func matrix(_ height: Int, _ width: Int) -> [[Float]] {
            (0..<height).map { _ in (0..<width).map { _ in held(draw(&random)) } }
        }
        x = matrix(rows, k)
        weights = matrix(columns, k)
        residual = matrix(rows, columns)
        bias = (0..<columns).map { _ in draw(&random) }
    }

    /// Any shape, stride and epilogue.
    static func random(_ format: WeightFormat, seed: UInt64) -> PanelProblem {
        var random = SplitMix64(seed: seed)
        let k = Int.random(in: 1...600, using: &random)
        var problem = PanelProblem(
            format, k: k, rows: .random(in: 1...15, using: &random), columns: .random(in: 1...64, using: &random),
            seed: random.next())
        problem.xGap = 4 * .random(in: 0...3, using: &random)
        problem.yGap = .random(in: 0...70, using: &random)
        problem.epilogue = [PK_STORE, PK_GELU, PK_RESIDUAL].randomElement(using: &random) ?? PK_STORE
        problem.hasBias = .random(using: &random)
        problem.residualIsOutput = .random(using: &random)
        return problem
    }

    func prepared(_ kernels: pk_kernels) -> PreparedPanel { PreparedPanel(self, kernels) }

    /// y with its gaps.
    func run(_ kernels: pk_kernels) -> [Float] { prepared(kernels).run() }
}

/// A problem's operands as one instruction set reads them.
struct PreparedPanel {
    let problem: PanelProblem
    let kernels: pk_kernels
    let panel: PanelReader
    let input: FormedInput

    init(_ problem: PanelProblem, _ kernels: pk_kernels) {
        (self.problem, self.kernels) = (problem, kernels)
        panel = PanelReader(problem.format, problem.weights, kernels)
        input = FormedInput(problem.format, problem.x, gap: problem.xGap, kernels)
    }

    /// y with its gaps, of the rows asked for.
    func run(rows chosen: Range<Int>? = nil) -> [Float] {
        let chosen = chosen ?? 0..<problem.rows
        return call(chosen, rounded: nil).values
    }

    /// What is written in the bf16 form, `stride` bytes from row to row, and y, which nothing should be written to.
    func runRounded(stride: Int) -> (bytes: [UInt8], y: [Float]) {
        let rounded = Memory<UInt8>(problem.rows * stride, repeating: 0xFF)
        let y = call(0..<problem.rows, rounded: (rounded, stride)).values
        return (rounded.values, y)
    }

    private func call(_ chosen: Range<Int>, rounded: (Memory<UInt8>, Int)?) -> Memory<Float> {
        let columns = problem.columns
        let yStride = columns + problem.yGap
        let y = Memory<Float>(chosen.count * yStride, repeating: PanelProblem.untouched)
        let biases = Memory(problem.bias)
        let residuals = Memory(problem.residual[chosen].flatMap { $0 + [Float](repeating: 0, count: 3) })

        var call = pk_panel_call()
        call.panel = UnsafeRawPointer(panel.bytes.start)
        call.x = UnsafeRawPointer(input.bytes.start + chosen.lowerBound * input.stride)
        call.x_stride = Int64(input.stride)
        call.x_scales = UnsafePointer(input.scales.start + chosen.lowerBound)
        call.x_sums = UnsafePointer(input.sums.start + chosen.lowerBound * input.sumsStride)
        call.x_sums_stride = Int64(input.sumsStride)
        (call.k, call.rows, call.columns) = (Int64(problem.k), Int64(chosen.count), Int64(columns))
        (call.y, call.y_stride) = (y.start, Int64(yStride))
        call.bias = problem.hasBias ? UnsafePointer(biases.start) : nil
        call.epilogue = Int32(problem.epilogue.rawValue)
        if problem.epilogue == PK_RESIDUAL, problem.residualIsOutput {
            for (at, row) in chosen.enumerated() {
                for column in 0..<columns { y.start[at * yStride + column] = problem.residual[row][column] }
            }
            (call.residual, call.residual_stride) = (UnsafePointer(y.start), Int64(yStride))
        } else if problem.epilogue == PK_RESIDUAL {
            (call.residual, call.residual_stride) = (UnsafePointer(residuals.start), Int64(columns + 3))
        }
        if let (memory, stride) = rounded {
            (call.rounded, call.rounded_stride) = (UnsafeMutableRawPointer(memory.start), Int64(stride))
        }
        let run = problem.format.pick(kernels.panel_f32, kernels.panel_bf16, kernels.panel_int8, kernels.panel_int4)
        return withExtendedLifetime((panel.bytes, input, y, biases, residuals, rounded?.0)) {
            run?(&call)
            return y
        }
    }
}
