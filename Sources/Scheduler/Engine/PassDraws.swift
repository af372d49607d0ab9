import Basics
import Kernels

/// Who draws tokens from the rows of one pass of the head, and what each must know of its rows.
struct PassDraws {
    /// Samples that draw from the same rows of logits, one token after another.
    struct Draw {
        /// Rows of the pass.
        var rows: Range<Int>
        /// Rows of the same samples in earlier passes of the step.
        var earlier: Int
        /// Of `samples`.
        var samples: Range<Int>
    }

    /// For each row of the pass; of a row that nobody draws from all is asked.
    private(set) var demands: [RowDemand] = []
    private(set) var draws: [Draw] = []
    private(set) var samples: [Sample] = []
    /// Beams that are ranked from all of their row, and that row.
    private(set) var beams: [(row: Int, member: BeamMember)] = []
    /// Rows that say how likely a prompt's next token is, and which that is.
    private(set) var reports: [(row: Int, report: PromptReport, token: Int, id: TokenID)] = []

    /// Begin a new pass; memory is kept.
    mutating func begin(rows: Int) {
        demands.removeAll(keepingCapacity: true)
        draws.removeAll(keepingCapacity: true)
        samples.removeAll(keepingCapacity: true)
        beams.removeAll(keepingCapacity: true)
        reports.removeAll(keepingCapacity: true)
        demands.append(contentsOf: repeatElement(.all, count: rows))
    }

    /// The next rows that are drawn from, and who draws first.
    ///
    /// - Parameter earlier: rows of the sample in earlier passes; what it drew there it has not forgotten.
    mutating func add(rows: Range<Int>, earlier: Int = 0, _ sample: Sample) {
        draws.append(Draw(rows: rows, earlier: earlier, samples: samples.count..<samples.count + 1))
        samples.append(sample)
        let unreached = earlier - sample.drawn.count
        for row in rows { demands[row] = sample.demand(ahead: unreached + row - rows.lowerBound) }
    }

    /// One more who draws from the row that was added last.
    mutating func add(_ sample: Sample) {
        let last = draws.count - 1
        let row = draws[last].rows.lowerBound
        precondition(draws[last].rows.count == 1, "samples share a prompt's last row")
        samples.append(sample)
        draws[last].samples = draws[last].samples.lowerBound..<samples.count
        if sample.demand() != demands[row] { demands[row] = .all }
    }

    mutating func add(row: Int, _ member: BeamMember) { beams.append((row, member)) }

    /// The row behind the token before the prompt's `token`, which is `id`.
    mutating func add(row: Int, _ report: PromptReport, token: Int, id: TokenID) {
        reports.append((row, report, token, id))
    }

    /// All of all rows after all.
    mutating func demandAll() {
        for row in demands.indices { demands[row] = .all }
    }
}
