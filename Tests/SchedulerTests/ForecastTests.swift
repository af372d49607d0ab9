import TestSupport
import Testing

@testable import Scheduler

@Suite struct ForecastTests {
    @Test("the peak is that of running all sequences side by side to their ends", arguments: UInt64(1)...50)
    func peak(_ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let base = Int.random(in: 0...5, using: &generator)
        var forecast = BlockForecast(base: base, horizon: 100)
        var rows: [BlockForecast.Row] = []
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let row = BlockForecast.Row(
                held: Int.random(in: 0...9, using: &generator), growth: Int.random(in: 0...9, using: &generator))
            rows.append(row)
            forecast.add(row)
        }
        // After t blocks of growth each, those whose growth ends earlier are gone.
        let peak = (0...9).map { time in
            rows.reduce(base) { $0 + ($1.growth >= time ? $1.held + time : 0) }
        }.max()
        #expect(forecast.peak == peak, "seed \(seed): \(rows)")
    }

    @Test(
        "without a history a text is expected to reach its limit; with one, what others became that were once as long")
    func lengths() {
        var lengths = LengthHistory()
        #expect(lengths.expected(generated: 3, limit: 100) == 100)
        for length in [10, 20, 60] { lengths.record(length: length, isNatural: true) }
        #expect(lengths.expected(generated: 0, limit: 100) == 30)
        #expect(lengths.expected(generated: 10, limit: 100) == 40)
        #expect(lengths.expected(generated: 20, limit: 40) == 40)
        #expect(lengths.expected(generated: 60, limit: 100) == 100, "longer than all that are known")
        // One that was cut at 30 would have become nobody knows how long.
        lengths.record(length: 30, isNatural: false)
        #expect(lengths.expected(generated: 20, limit: 100) == 80)
        #expect(lengths.expected(generated: 30, limit: 100) == 60)
        for _ in 0..<LengthHistory.capacity { lengths.record(length: 5, isNatural: true) }
        #expect(lengths.expected(generated: 0, limit: 100) == 5, "what was long ago is forgotten")
    }

    @Test("copying costs both ways, computing again what the best filled step takes for so many rows")
    func costs() {
        let cost = PreemptionCost(tokens: 1000, bytes: 100_000_000)
        #expect(cost.swapping(bytesPerSecond: 1e9) == 0.2)
        var costs = StepCosts(mostRows: 576, mostWanted: 64)
        for _ in 0..<5 {
            costs.layers.record(rows: 1, seconds: 0.02)
            costs.layers.record(rows: 576, seconds: 0.288)
            costs.layers.record(rows: 96, seconds: 0.096)
        }
        #expect(abs(cost.recomputing(by: costs, mostRows: 576) - 0.5) < 0.01)
    }

    @Test(
        "to be thrown out must be earned: by few steps of few rows that wait for memory, by no number of steps full of work"
    )
    func worth() {
        var costs = StepCosts(mostRows: 576, mostWanted: 64)
        #expect(costs.steps(toEarn: 1000, asOneOf: 5) == 64, "nothing is known")
        // 20 ms for reading the weights, up to 32 rows; beyond that 1 ms a row.
        for rows in costs.layers.sizes {
            for _ in 0..<5 { costs.layers.record(rows: rows, seconds: max(0.02, 0.001 * Double(rows))) }
        }
        #expect(costs.steps(toEarn: 0.02, asOneOf: 1) == 1)
        #expect(costs.steps(toEarn: 0.04, asOneOf: 8) == 16)
        #expect(costs.steps(toEarn: 0.8, asOneOf: 8) == 320)
        #expect(costs.steps(toEarn: 0.04, asOneOf: 192) == 1 << 20)
    }
}
