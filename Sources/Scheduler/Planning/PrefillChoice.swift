/// How many prompt rows ride on a step of decoding rows.
///
/// Every row is work that must be done at some time, so each has a worth in seconds: a prompt's row what it costs in the best
/// filled step of prompts, a decoding row what it would add to a later step of all sequences. The choice is the chunk for
/// which the steps that compute all known prompts are worth most per second that they take: memory-bound steps are filled
/// up, bands of rows are filled evenly, sizes that fall out of a cache are shunned, and where few sequences decode, their
/// reading of the head's weights is not repeated beside small chunks.
struct PrefillChoice {
    /// Rows of the step that decode.
    var decoding: Int
    /// Prompt rows that could run now or in the next steps, at least.
    var prompts: Int
    /// Sequences that decode together once those prompts are computed.
    var sequences: Int
    /// Most rows of a step.
    var mostRows: Int
    /// About how many seconds a step may take where rows decode; `nil`: any number.
    var stepTime: Double?

    /// Choices whose worth per second differs by no more are equal: measurements are no better. Of equal ones the largest is
    /// taken, since prompts that are done sooner let more sequences share the steps that follow.
    static let tolerance = 1.03
    /// What a size is given in advance that was not measured yet, so that it is tried unless it promises to be far worse.
    static let curiosity = 1.1

    /// At least one row if there is any; 0 if there is none.
    func rows(by costs: StepCosts) -> Int {
        let room = bounded(mostRows - decoding, by: costs)
        let largest = min(prompts, room)
        guard largest > 0 else { return 0 }
        let worth = rowWorth(by: costs)
        // Prompts that a single step can hold are no occasion for trying anything.
        let isCurious = prompts > room
        var choices: [(rows: Int, rate: Double)] = []
        for rows in candidates(band: costs.layers.band, largest: largest) {
            let isUnknown = isCurious && !costs.layers.isKnown(decoding + rows)
            choices.append((rows, rate(rows, worth, by: costs) * (isUnknown ? Self.curiosity : 1)))
        }
        let best = choices.reduce(0) { max($0, $1.rate) }
        return choices.last { $0.rate * Self.tolerance >= best }?.rows ?? largest
    }

    /// The most prompt rows with which a step takes no longer than it may. Where decoding alone takes about as long already, as
    /// many as double that: prompts must get on as well.
    private func bounded(_ room: Int, by costs: StepCosts) -> Int {
        guard let stepTime, decoding > 0, room > 0, !costs.layers.isEmpty else { return room }
        let seconds = max(stepTime, 2 * costs.seconds(decoding: decoding, prompts: 0))
        // Measurements need not rise with the rows; that the greatest chunk is found does not matter so much.
        var fits = 1
        var tooMany = room + 1
        while tooMany - fits > 1 {
            let middle = (fits + tooMany) / 2
            if costs.seconds(decoding: decoding, prompts: middle) <= seconds { fits = middle } else { tooMany = middle }
        }
        return fits
    }

    /// Chunks that fill the step's last band of rows, and the largest there can be, in ascending order. A chunk smaller than
    /// the rows it rides on would be judged by the small difference of two long times.
    private func candidates(band: Int, largest: Int) -> [Int] {
        stride(from: band, to: decoding + largest, by: band).map { $0 - decoding }.filter { $0 >= max(1, decoding) }
            + [largest]
    }

    private struct RowWorth {
        var prompt: Double
        var decoding: Double
    }

    private func rowWorth(by costs: StepCosts) -> RowWorth {
        let prompt = costs.secondsPerPromptRow(mostRows: mostRows)
        let all = max(2, sequences, decoding)
        let half = all / 2
        let added = costs.seconds(decoding: all, prompts: 0) - costs.seconds(decoding: half, prompts: 0)
        return RowWorth(prompt: prompt, decoding: max(0, added) / Double(all - half))
    }

    /// Worth of all known prompts, and of the decoding rows that ride along with them, per second of their steps.
    private func rate(_ rows: Int, _ worth: RowWorth, by costs: StepCosts) -> Double {
        let (whole, rest) = prompts.quotientAndRemainder(dividingBy: rows)
        var seconds = Double(whole) * costs.seconds(decoding: decoding, prompts: rows)
        if rest > 0 { seconds += costs.seconds(decoding: decoding, prompts: rest) }
        let steps = whole + (rest > 0 ? 1 : 0)
        return (Double(prompts) * worth.prompt + Double(steps * decoding) * worth.decoding) / seconds
    }
}
