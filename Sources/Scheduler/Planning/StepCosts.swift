import Kernels

/// What steps cost, as learnt from those that ran. Attention is left out: it depends on the contexts, and a sequence pays it
/// whatever rows stand beside its own.
struct StepCosts {
    /// All layers' products, over the step's rows.
    var layers: CostCurve
    /// The head and the choice of tokens, over the rows that want logits.
    var head: CostCurve

    init(mostRows: Int, mostWanted: Int, band: Int = NodePanels.cachedRows) {
        layers = CostCurve(mostRows: mostRows, band: band)
        head = CostCurve(mostRows: mostWanted, band: band)
    }

    /// A step whose first `decoding` rows are those that want logits. Until a head was measured it counts as nothing.
    func seconds(decoding: Int, prompts: Int) -> Double {
        layers.seconds(decoding + prompts) + (head.isEmpty ? 0 : head.seconds(decoding))
    }

    /// Steps after which a sequence that decodes as one of `rows` has been worth so many seconds. A row more is worth what
    /// all rows take on average but for what the step takes longer for it: where reading the weights takes most of a
    /// step, nearly all; where their products do, nearly nothing, and no number of steps is enough.
    func steps(toEarn seconds: Double, asOneOf rows: Int) -> Int {
        guard !layers.isEmpty else { return Self.stepsWithoutMeasurements }
        let all = self.seconds(decoding: rows, prompts: 0)
        let half = rows / 2
        let added = half > 0 ? (all - self.seconds(decoding: half, prompts: 0)) / Double(rows - half) : 0
        let worth = all / Double(rows) - max(0, added)
        guard worth > 0, seconds / worth < Double(Self.mostSteps) else { return Self.mostSteps }
        return Int((seconds / worth).rounded(.up))
    }

    private static let stepsWithoutMeasurements = 64
    private static let mostSteps = 1 << 20

    /// What a prompt's row costs in the step that they fill best; in units of the prior until a step was measured.
    func secondsPerPromptRow(mostRows: Int) -> Double {
        layers.sizes.lazy.filter { $0 >= min(layers.band, mostRows) }
            .reduce(.infinity) { min($0, layers.seconds($1) / Double($1)) }
    }
}
