import Testing

@testable import Scheduler

@Suite struct DurationHistogramTests {
    @Test("a duration falls into the first bucket whose bound it does not exceed")
    func buckets() {
        var histogram = DurationHistogram(milliseconds: [1, 2.5, 1000])
        #expect(histogram.bounds == [0.001, 0.0025, 1])
        let milliseconds: [Int64] = [1, 1000]
        for bound in milliseconds.map({ $0 * 1_000_000 }) + [2_500_000] {
            histogram.record(nanoseconds: bound)
            histogram.record(nanoseconds: bound + 1)
        }
        histogram.record(nanoseconds: 0)
        histogram.record(nanoseconds: .max / 4)
        #expect(histogram.counts == [2, 2, 2, 2] && histogram.count == 8)
    }

    @Test("the sum is exact, and a clock that is set back never makes it less")
    func sum() {
        var histogram = DurationHistogram(milliseconds: [1])
        for _ in 0..<1000 { histogram.record(nanoseconds: 1_500_000) }
        histogram.record(nanoseconds: -5)
        #expect(histogram.sum == 1.5 && histogram.counts == [1, 1000])
    }

    @Test("every histogram of requests has ascending bounds")
    func bounds() {
        let metrics = RequestMetrics()
        for histogram in [
            metrics.timeToFirstToken, metrics.interTokenLatency, metrics.endToEndLatency, metrics.queueTime,
            metrics.prefillTime, metrics.decodeTime,
        ] {
            #expect(zip(histogram.bounds, histogram.bounds.dropFirst()).allSatisfy { $0 < $1 })
            #expect(histogram.counts.count == histogram.bounds.count + 1)
        }
    }
}
