import Basics
import TestSupport
import Testing

@testable import Kernels
@testable import Scheduler

/// What is drawn from a row's greatest values, kept while its parts come by, is what is drawn from the whole row.
@Suite("Choosing without the whole row")
struct ProductSelectionTests {
    /// A product's rows that are given, dealt to lanes as a product deals its panels and rows.
    struct GivenProduct {
        let rows: [[Float]]
        var columns: Int { rows[0].count }

        /// Selected, and the rows that were kept whole.
        func run(
            _ demands: [RowDemand], threads: Int, rowBlocks: Int, kernels: KernelSet,
            read: (_ row: Int, _ greatest: UnsafeBufferPointer<SelectedValue>?) -> Void
        ) throws -> [[Float]] {
            let crew = try WorkerLanes(threads: threads)
            defer { crew.stop() }
            let region = try NodeRegion(
                byteCount: ProductSelection.footprint(rows: rows.count, lanes: threads), node: nil, purpose: "a test")
            var allocator = RegionAllocator(region)
            let selection = ProductSelection(rows: rows.count, lanes: threads, from: &allocator)
            let whole = UnsafeMutablePointer<Float>.allocate(capacity: rows.count * columns)
            whole.initialize(repeating: 12345, count: rows.count * columns)
            defer { whole.deallocate() }
            let panels = PanelPlan.panels(columns)
            crew.run { lane in
                selection.begin(demands, lane: lane)
                // In any order: which lane computes what, and when, must not show.
                for item in (0..<panels * rowBlocks).reversed() where item % lane.count == lane.index {
                    let first = item / rowBlocks * PanelPlan.panelColumns
                    let block = item % rowBlocks
                    let part = ProductPart(
                        columns: first..<min(first + PanelPlan.panelColumns, columns),
                        rows: rows.count * block / rowBlocks..<rows.count * (block + 1) / rowBlocks)
                    guard !part.rows.isEmpty else { continue }
                    let tile = selection.target(of: lane).y
                    for (index, row) in part.rows.enumerated() {
                        for (place, column) in part.columns.enumerated() {
                            tile[index * PanelPlan.panelColumns + place] = rows[row][column]
                        }
                    }
                    selection.take(part, whole: whole, stride: columns, kernels: kernels, lane: lane)
                }
            }
            crew.run { lane in
                guard lane.index == lane.count - 1 else { return }
                for row in rows.indices where demands[row] != .all {
                    read(row, selection.greatest(ofRow: row, lane: lane))
                }
            }
            return rows.indices.map { row in (0..<columns).map { whole[row * columns + $0] } }
        }
    }

    /// Rows with few and many equals, infinities and NaN.
    static func row(_ columns: Int, using random: inout SplitMix64) -> [Float] {
        let levels = [2, 5, 40, 100_000].randomElement(using: &random)!
        let oddities = [0, 0, 0.02, 0.6, 1].randomElement(using: &random)!
        let odd: [Float] = [.nan, -.infinity, .infinity, -0.0, 0, -.nan, .greatestFiniteMagnitude]
        let allowed = odd.shuffled(using: &random).prefix(Int.random(in: 1...odd.count, using: &random))
        return (0..<columns).map { _ in
            Double.random(in: 0..<1, using: &random) < oddities
                ? allowed.randomElement(using: &random)!
                : Float(Int.random(in: -levels...levels, using: &random)) / Float(levels) * 12
        }
    }

    static func parameters(using random: inout SplitMix64) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.seed = random.next()
        parameters.temperature = [0, 0, 0.01, 0.7, 1, 30].randomElement(using: &random)!
        parameters.topK = [0, 1, 2, 3, 20, 50, 127, 128, 129].randomElement(using: &random)!
        parameters.topP = [1, 1, 0.9, 0.3].randomElement(using: &random)!
        parameters.minP = [0, 0, 0.1].randomElement(using: &random)!
        if Double.random(in: 0..<1, using: &random) < 0.2 { parameters.logprobs = 2 }
        if Double.random(in: 0..<1, using: &random) < 0.1 { parameters.logitBias = [0: 3] }
        if Double.random(in: 0..<1, using: &random) < 0.1 { parameters.minTokens = 1 }
        return parameters
    }

    @Test(
        "tokens are those of the whole row, whatever the row, the threads and the other rows", arguments: UInt64(1)...60
    )
    func sameTokens(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let columns = [
            1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 300, 1000, 4096, 5003,
        ].randomElement(using: &random)!
        let count = Int.random(in: 1...12, using: &random)
        let threads = [1, 2, 3, 5, 8].randomElement(using: &random)!
        let rowBlocks = [1, 1, 2, 3].randomElement(using: &random)!
        let name = KernelSet.available.randomElement(using: &random)!
        let rows = (0..<count).map { _ in Self.row(columns, using: &random) }
        var bench = try SamplerBench(vocabularySize: columns)
        bench.endTokens = [TokenID(columns - 1)]
        let samplers = rows.map { _ in bench.sampler(Self.parameters(using: &random)) }
        let demands = samplers.map { $0.demand(generated: 0) }
        let context = "seed \(seed): \(columns) columns, \(threads) threads, \(rowBlocks) row blocks, \(name)"

        var chosen: [Int: SampledToken?] = [:]
        let whole = try GivenProduct(rows: rows).run(
            demands, threads: threads, rowBlocks: rowBlocks, kernels: try KernelSet.select(named: name)
        ) { row, greatest in
            chosen[row] = .some(
                greatest.map { samplers[row].next(greatest: $0, generated: 0, scratch: bench.scratch) })
        }
        for row in rows.indices {
            if demands[row] == .all {
                #expect(whole[row].map(\.bitPattern) == rows[row].map(\.bitPattern), "\(context), row \(row)")
                continue
            }
            #expect(whole[row].allSatisfy { $0 == 12345 }, "\(context), row \(row) was written")
            let token = try #require(chosen[row])
            if let token {
                #expect(token == bench.next(samplers[row], rows[row]), "\(context), row \(row), \(demands[row])")
            } else {
                #expect(Self.hasManyEquals(rows[row], demands[row]), "\(context), row \(row) was given up")
            }
        }
    }

    /// Whether some value stands often enough in the row to fill a list.
    static func hasManyEquals(_ row: [Float], _ demand: RowDemand) -> Bool {
        guard case .top = demand else { return false }
        var times: [Float: Int] = [:]
        for value in row where !value.isNaN { times[value + 0, default: 0] += 1 }
        return times.values.contains { $0 > ProductSelection.mostRank }
    }

    @Test("what is asked of a row is no more than its sampler needs")
    func demands() throws {
        let bench = try SamplerBench(vocabularySize: 1000)
        func demand(_ change: (inout SamplingParameters) -> Void, generated: Int = 0) -> RowDemand {
            bench.sampler(sampling(change)).demand(generated: generated)
        }
        #expect(demand { $0.temperature = 0 } == .greatest)
        #expect(demand { ($0.temperature, $0.topK, $0.topP) = (0, 50, 0.5) } == .greatest)
        #expect(demand { $0.topK = 50 } == .top(50))
        #expect(demand { ($0.topK, $0.topP, $0.minP) = (50, 0.9, 0.1) } == .top(50))
        #expect(demand { $0.topK = ProductSelection.mostRank + 1 } == .all)
        #expect(demand { $0.topK = 1000 } == .all)
        #expect(demand { _ in } == .all)
        #expect(demand { ($0.temperature, $0.logprobs) = (0, 0) } == .all)
        #expect(demand { ($0.temperature, $0.logitBias) = (0, [1: 1]) } == .all)
        #expect(demand { ($0.temperature, $0.repetitionPenalty) = (0, 1.1) } == .greatest, "nothing was seen yet")

        var barred = bench
        barred.endTokens = [2]
        let sampler = barred.sampler(sampling { ($0.temperature, $0.minTokens) = (0, 3) })
        #expect((1...4).map { sampler.demand(generated: $0) } == [.all, .all, .greatest, .greatest])
    }
}
