import Kernels

/// What steps cost, as learnt from those that ran. Attention is left out: it depends on the contexts, and a sequence pays it
/// whatever rows stand beside its own.
struct StepCosts {
    /// All layers' products, over the step's rows.
    var layers: CostCurve
    /// The head and the choice of tokens, over the rows that want logits.
    var head: CostCurve

    init(mostRows: Int, mostWanted: Int, band: Int = PackedMatrix.cachedRows) {
        layers = CostCurve(mostRows: mostRows, band: band)
        head = CostCurve(mostRows: mostWanted, band: band)
    }

    /// A step whose first `decoding` rows are those that want logits. Until a head was measured it counts as nothing.
    func seconds(decoding: Int, prompts: Int) -> Double {
        layers.seconds(decoding + prompts) + (head.isEmpty ? 0 : head.seconds(decoding))
    }

    /// What a prompt's row costs in the step that they fill best; in units of the prior until a step was measured.
    func secondsPerPromptRow(mostRows: Int) -> Double {
        layers.sizes.lazy.filter { $0 >= min(layers.band, mostRows) }
            .reduce(.infinity) { min($0, layers.seconds($1) / Double($1)) }
    }
}
