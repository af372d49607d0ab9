/// How many guessed tokens are worth a row of the step.
///
/// A row more is worth the chance that its token comes true, and costs what steps of that many rows have taken longer so
/// far, and what it takes to guess it. Rows are taken in the order of their worth as long as tokens per second grow; a
/// function of the costs and the chances alone.
struct DraftAllotment {
    /// One guessed token as a row.
    struct Row {
        /// The chance that it and all before it come true.
        var chance: Double
        /// Index of its sequence in the caller's list.
        var sequence: Int
        /// Guessed tokens of the sequence before it.
        var depth: Int
    }

    /// What stands on the step besides.
    struct Step {
        /// Rows that decode anyway, a token each.
        var decoding: Int
        /// Prompt rows that the step will have as well.
        var prompts: Int
        /// Most rows more.
        var room: Int
    }

    private(set) var rows: [Row] = []
    /// How many rows of each depth are taken: so many rows has the draft model's step of that depth.
    private var taken: [Int] = []

    /// What speculation must promise before it is begun: costs are learnt from few steps, and attention is not among them.
    static let leastGain = 1.03

    /// Begin with no rows; memory is kept.
    mutating func removeAll() { rows.removeAll(keepingCapacity: true) }

    mutating func add(_ row: Row) { rows.append(row) }

    /// Puts the rows into the order of their worth, a sequence's by depth; the first ones of them are to be taken, as many
    /// as this returns.
    ///
    /// - Parameter drafting: what a draft model's steps cost; `nil`: guessing costs nothing.
    mutating func choose(beside step: Step, by costs: StepCosts, drafting: StepCosts? = nil) -> Int {
        guard step.room > 0, !rows.isEmpty else { return 0 }
        // Indices settle what is equal, so that the order is one.
        rows.sort {
            ($1.chance, $0.sequence, $0.depth) < ($0.chance, $1.sequence, $1.depth)
        }
        taken.removeAll(keepingCapacity: true)
        var tokens = Double(step.decoding)
        var guessing = 0.0
        // More rows never take less time, whatever a busy machine made of the measurements.
        var verifying = step.seconds(drafted: 0, costs)
        var best = tokens / verifying * Self.leastGain
        var chosen = 0
        for count in 1...min(step.room, rows.count) {
            let row = rows[count - 1]
            tokens += row.chance
            if let drafting { guessing += max(0, added(by: row, drafting)) }
            verifying = max(verifying, step.seconds(drafted: count, costs))
            let rate = tokens / (verifying + guessing)
            if rate > best { (best, chosen) = (rate, count) }
        }
        return chosen
    }

    /// What guessing this token adds to the draft model's steps.
    private mutating func added(by row: Row, _ drafting: StepCosts) -> Double {
        while taken.count <= row.depth { taken.append(0) }
        let before = taken[row.depth]
        taken[row.depth] += 1
        return drafting.seconds(decoding: before + 1, prompts: 0)
            - (before == 0 ? 0 : drafting.seconds(decoding: before, prompts: 0))
    }
}

extension DraftAllotment.Step {
    /// What the rows that choose tokens add to the step.
    func seconds(drafted: Int, _ costs: StepCosts) -> Double {
        let rows = decoding + drafted
        return layers(rows, costs.layers) + (costs.head.isEmpty ? 0 : costs.head.seconds(rows))
    }

    private func layers(_ rows: Int, _ layers: CostCurve) -> Double {
        guard prompts > 0 else { return layers.seconds(rows) }
        // Prompts fill what room there is, so that every row takes the place of one of theirs.
        if prompts >= layers.band { return Double(rows) * layers.seconds(layers.band) / Double(layers.band) }
        // Measurements are not exact: a little is the least.
        let all = layers.seconds(prompts + rows)
        return max(all - layers.seconds(prompts), all * 0.02)
    }
}
