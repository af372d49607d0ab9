import Kernels

/// Who draws tokens from the rows of one pass of the head, and what each must know of its row.
struct PassDraws {
    /// Samples that draw from the same row of logits.
    struct Draw {
        /// Row of the pass.
        var row: Int
        /// Of `samples`.
        var samples: Range<Int>
    }

    /// For each row of the pass; of a row that nobody draws from all is asked.
    private(set) var demands: [RowDemand] = []
    private(set) var draws: [Draw] = []
    private(set) var samples: [Sample] = []
    /// Beams that are ranked from all of their row, and that row.
    private(set) var beams: [(row: Int, member: BeamMember)] = []

    /// Begin a new pass; memory is kept.
    mutating func begin(rows: Int) {
        demands.removeAll(keepingCapacity: true)
        draws.removeAll(keepingCapacity: true)
        samples.removeAll(keepingCapacity: true)
        beams.removeAll(keepingCapacity: true)
        demands.append(contentsOf: repeatElement(.all, count: rows))
    }

    /// The next row that is drawn from, and who draws first.
    mutating func add(row: Int, _ sample: Sample) {
        draws.append(Draw(row: row, samples: samples.count..<samples.count + 1))
        samples.append(sample)
        demands[row] = sample.demand
    }

    /// One more who draws from the row that was added last.
    mutating func add(_ sample: Sample) {
        let last = draws.count - 1
        samples.append(sample)
        draws[last].samples = draws[last].samples.lowerBound..<samples.count
        if sample.demand != demands[draws[last].row] { demands[draws[last].row] = .all }
    }

    mutating func add(row: Int, _ member: BeamMember) { beams.append((row, member)) }

    /// All of all rows after all.
    mutating func demandAll() {
        for row in demands.indices { demands[row] = .all }
    }
}
