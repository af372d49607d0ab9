import CKernels
import Kernels

/// What a panel problem's result must be: near to double, and bit by bit.
struct PanelReference {
    let problem: PanelProblem
    /// Weights are taken out of the packed panel: `PackingTests` and `QuantizationTests` hold what is in there.
    private let panel: PanelReader
    /// Rows as the product sees them; scales are 1 where there are none.
    private let x: [(values: [Float], scale: Float)]

    init(_ problem: PanelProblem, panel: PanelReader) {
        (self.problem, self.panel) = (problem, panel)
        x = problem.x.map { row in
            switch problem.format {
            case .f32, .bf16: (row, 1)
            case .int8, .int4: ScalarArithmetic.int8(row)
            }
        }
    }

    private func weights(_ column: Int) -> [(value: Float, scale: Float)] {
        (0..<problem.k).map { (panel.element($0, column), panel.scale($0, column)) }
    }

    /// y[row, column] in double out of the dequantised operands, and how far float32's roundings may lie from it.
    func near(_ row: Int, _ column: Int) -> (value: Double, bound: Double) {
        var (sum, size) = (0.0, 0.0)
        for (a, b) in zip(x[row].values, weights(column)) {
            let product = Double(a) * Double(x[row].scale) * Double(b.value) * Double(b.scale)
            sum += product
            size += product.magnitude
        }
        if problem.hasBias {
            sum += Double(problem.bias[column])
            size += Double(problem.bias[column].magnitude)
        }
        if problem.epilogue == PK_RESIDUAL {
            sum += Double(problem.residual[row][column])
            size += Double(problem.residual[row][column].magnitude)
        }
        let roundings = problem.format.pick(problem.k + 4, problem.k + 4, 6, (problem.k + 31) / 32 + 4)
        let bound = Double(roundings) * 0x1p-24 * size
        guard problem.epilogue == PK_GELU else { return (sum, bound) }
        return (ScalarArithmetic.gelu(sum), 1.2 * bound + 0x1p-21 * max(1, sum.magnitude))  // |gelu′| < 1.13
    }

    /// The bits that the documented order of operations yields (without gelu), which in bf16 is one of two.
    func exact(_ row: Int, _ column: Int, on kernels: pk_kernels) -> Float {
        let w = weights(column)
        var sum: Float
        switch problem.format {
        case .f32: sum = ScalarArithmetic.chain(x[row].values, w.map(\.value))
        case .bf16:
            let chain = kernels.addsInTiles ? ScalarArithmetic.tileChain : ScalarArithmetic.pairChain
            sum = chain(x[row].values, w.map(\.value))
        case .int8:
            let whole = zip(x[row].values, w).reduce(0) { $0 + Int($1.0) * Int($1.1.value) }
            sum = Float(whole) * w[0].scale * x[row].scale
        case .int4:
            sum = 0
            for begin in stride(from: 0, to: problem.k, by: 32) {
                let group = begin..<min(begin + 32, problem.k)
                let whole = group.reduce(0) { $0 + Int(x[row].values[$1]) * Int(w[$1].value) }
                sum.addProduct(Float(whole), w[begin].scale)
            }
            sum *= x[row].scale
        }
        if problem.hasBias { sum += problem.bias[column] }
        if problem.epilogue == PK_RESIDUAL { sum += problem.residual[row][column] }
        return sum
    }
}
