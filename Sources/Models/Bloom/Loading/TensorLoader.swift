import Kernels

/// Brings one tensor after another to where the forward pass reads it.
protocol TensorLoader {
    mutating func matrix(_ name: String, _ plan: PanelPlan) throws -> PackedMatrix
    mutating func vector(_ name: String, _ count: Int) throws -> UnsafePointer<Float>
}

extension TensorLoader {
    mutating func norm(_ name: String, _ count: Int) throws -> BloomWeights.Norm {
        let gamma = try vector(name + ".weight", count)
        return BloomWeights.Norm(gamma: gamma, beta: try vector(name + ".bias", count))
    }

    mutating func linear(_ name: String, _ plan: PanelPlan) throws -> BloomWeights.Linear<PackedMatrix> {
        let weights = try matrix(name + ".weight", plan)
        return BloomWeights.Linear(weights: weights, bias: try vector(name + ".bias", plan.columns))
    }
}
