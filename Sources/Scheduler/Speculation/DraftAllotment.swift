/// How many guessed tokens are worth a row of the step.
///
/// A row more is worth the chance that its token comes true, and costs what steps of that many rows have taken longer so
/// far. Rows are taken in the order of their worth as long as tokens per second grow; a function of the costs and the chances
/// alone.
struct DraftAllotment {
    /// One guessed token as a row.
    struct Row {
        /// The chance that it and all before it come true.
        var chance: Double
        /// Index of its sequence in the caller's list.
        var sequence: Int
    }

    /// Rows that decode anyway, a token each.
    var decoding: Int
    /// Prompt rows that the step will have as well.
    var prompts: Int
    /// Most rows more.
    var room: Int

    /// What speculation must promise before it is begun: costs are learnt from few steps, and attention is not among them.
    static let leastGain = 1.03

    /// Puts `rows` into the order of their worth; how many of the first are to be taken. A sequence's rows stay in order.
    ///
    /// - Parameter rows: those of a sequence by falling chance.
    func choose(_ rows: inout [Row], by costs: StepCosts) -> Int {
        guard room > 0, !rows.isEmpty else { return 0 }
        // Indices settle what is equal, so that the order is one.
        rows.sort { $0.chance != $1.chance ? $0.chance > $1.chance : $0.sequence < $1.sequence }
        var tokens = Double(decoding)
        var best = tokens / seconds(0, costs) * Self.leastGain
        var chosen = 0
        for count in 1...min(room, rows.count) {
            tokens += rows[count - 1].chance
            let rate = tokens / seconds(count, costs)
            if rate > best { (best, chosen) = (rate, count) }
        }
        return chosen
    }

    /// What the rows that choose tokens add to the step. Beside prompts that is what they take longer with them, and no less
    /// than a little, since measurements are not exact.
    private func seconds(_ drafted: Int, _ costs: StepCosts) -> Double {
        let rows = decoding + drafted
        let all = costs.layers.seconds(prompts + rows)
        let own = prompts > 0 ? max(all - costs.layers.seconds(prompts), all * 0.02) : all
        return own + (costs.head.isEmpty ? 0 : costs.head.seconds(rows))
    }
}
