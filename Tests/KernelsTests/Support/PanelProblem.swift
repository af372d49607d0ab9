import CKernels
import TestSupport

/// One panel call with random operands, to be run by any instruction set and on any of its rows.
struct PanelProblem {
    enum Format: String, CaseIterable { case f32, bf16 }

    var format: Format
    var k: Int
    var rows: Int
    var columns: Int
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
        _ format: Format, k: Int, rows: Int, columns: Int = 64, seed: UInt64,
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
    static func random(_ format: Format, seed: UInt64) -> PanelProblem {
        var random = SplitMix64(seed: seed)
        let k = Int.random(in: 1...600, using: &random)
        var problem = PanelProblem(
            format, k: k, rows: .random(in: 1...15, using: &random), columns: .random(in: 1...64, using: &random),
            seed: random.next())
        problem.xGap = 2 * .random(in: 0...3, using: &random)
        problem.yGap = .random(in: 0...70, using: &random)
        problem.epilogue = [PK_STORE, PK_GELU, PK_RESIDUAL].randomElement(using: &random) ?? PK_STORE
        problem.hasBias = .random(using: &random)
        problem.residualIsOutput = .random(using: &random)
        return problem
    }

    /// y with its gaps, of the rows asked for.
    func run(_ kernels: pk_kernels, rows chosen: Range<Int>? = nil) -> [Float] {
        let chosen = chosen ?? 0..<rows
        let evenK = (k + 1) / 2 * 2
        let xStride = (format == .bf16 ? evenK : k) + xGap
        let yStride = columns + yGap
        let y = Memory<Float>(chosen.count * yStride, repeating: Self.untouched)
        let biases = Memory(bias)
        let residuals = Memory(residual[chosen].flatMap { $0 + [Float](repeating: 0, count: 3) })

        var call = pk_panel_call()
        call.x_stride = Int64(xStride)
        (call.k, call.rows, call.columns) = (Int64(k), Int64(chosen.count), Int64(columns))
        (call.y, call.y_stride) = (y.start, Int64(yStride))
        call.bias = hasBias ? UnsafePointer(biases.start) : nil
        call.epilogue = Int32(epilogue.rawValue)
        if epilogue == PK_RESIDUAL, residualIsOutput {
            for (at, row) in chosen.enumerated() {
                for column in 0..<columns { y.start[at * yStride + column] = residual[row][column] }
            }
            (call.residual, call.residual_stride) = (UnsafePointer(y.start), Int64(yStride))
        } else if epilogue == PK_RESIDUAL {
            (call.residual, call.residual_stride) = (UnsafePointer(residuals.start), Int64(columns + 3))
        }

        let source = Memory(weights.flatMap(\.self))
        switch format {
        case .f32:
            let panel = Memory<Float>(k * Int(PK_PANEL), repeating: .nan)
            pk_pack_f32(source.start, Int32(PK_F32.rawValue), Int64(k), Int64(k), Int64(columns), panel.start)
            let input = Memory(x[chosen].flatMap { $0 + [Float](repeating: .nan, count: xGap) })
            (call.panel, call.x) = (UnsafeRawPointer(panel.start), UnsafeRawPointer(input.start))
            withExtendedLifetime((panel, input)) { kernels.panel_f32(&call) }
        case .bf16:
            let panel = Memory<UInt16>(evenK * Int(PK_PANEL), repeating: 0x7FC0)
            pk_pack_bf16(source.start, Int32(PK_F32.rawValue), Int64(k), Int64(k), Int64(columns), panel.start)
            var rounded: [UInt16] = []
            for row in x[chosen] {
                rounded += row.map(ScalarArithmetic.bf16)
                rounded += [UInt16](repeating: 0, count: evenK - k)
                rounded += [UInt16](repeating: 0x7FC0, count: xGap)
            }
            let input = Memory(rounded)
            (call.panel, call.x) = (UnsafeRawPointer(panel.start), UnsafeRawPointer(input.start))
            withExtendedLifetime((panel, input)) { kernels.panel_bf16(&call) }
        }
        return withExtendedLifetime((y, biases, residuals)) { y.values }
    }

    /// y[row, column] in double, and how far a chain of float32 roundings may lie from it.
    func reference(_ row: Int, _ column: Int) -> (value: Double, bound: Double) {
        var (sum, size) = (0.0, 0.0)
        for (a, b) in zip(x[row], weights[column]) {
            let product = Double(a) * Double(b)
            sum += product
            size += product.magnitude
        }
        if hasBias {
            sum += Double(bias[column])
            size += Double(bias[column].magnitude)
        }
        if epilogue == PK_RESIDUAL {
            sum += Double(residual[row][column])
            size += Double(residual[row][column].magnitude)
        }
        let bound = Double(k + 4) * 0x1p-24 * size
        guard epilogue == PK_GELU else { return (sum, bound) }
        return (ScalarArithmetic.gelu(sum), 1.2 * bound + 0x1p-21 * max(1, sum.magnitude))  // |gelu′| < 1.13
    }

    /// The bits that the documented order of additions yields (without gelu).
    func exact(_ row: Int, _ column: Int) -> Float {
        var sum =
            format == .f32
            ? ScalarArithmetic.chain(x[row], weights[column]) : ScalarArithmetic.pairChain(x[row], weights[column])
        if hasBias { sum += bias[column] }
        if epilogue == PK_RESIDUAL { sum += residual[row][column] }
        return sum
    }
}
