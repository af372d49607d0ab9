import Testing

@testable import Scheduler

/// What is learnt from steps' times. Times are given, no clock is read.
@Suite struct CostCurveTests {
    private var curve = CostCurve(mostRows: 576, band: 96)

    private func ratio(_ a: Int, _ b: Int) -> Double { curve.seconds(a) / curve.seconds(b) }

    @Test("before anything is measured, few rows cost as much as one, many what they are, and each band begun is read")
    func prior() {
        #expect(curve.isEmpty && curve.seconds(0) == 0)
        #expect(ratio(1, 24) == 1 && ratio(96, 24) == 4 && ratio(192, 96) == 2)
        #expect(ratio(97, 96) == 1.25 && ratio(120, 96) == 1.25 && ratio(5000, 4800) > 1)
    }

    @Test(
        "a measured size has its time, all others the scale of their neighbours, the faster one where nothing is known")
    mutating func neighbours() {
        curve.record(rows: 96, seconds: 0.192)
        #expect(abs(curve.seconds(96) - 0.192) < 1e-12)
        #expect(abs(curve.seconds(8) - 0.048) < 1e-12 && abs(curve.seconds(480) - 0.96) < 1e-12)
        curve.record(rows: 288, seconds: 1.152)  // twice the scale
        #expect(abs(curve.seconds(96) - 0.192) < 1e-12 && abs(curve.seconds(576) - 2.304) < 1e-12)
        #expect(abs(curve.seconds(192) - 0.384) < 1e-12, "never measured: as fast as the faster")
        #expect(abs(curve.seconds(120) - 0.27) < 1e-12, "measured as 96: an eighth of the way to the slower")
    }

    @Test("a size is known after two steps of about as many rows", arguments: [(96, 100), (16, 18), (576, 560)])
    mutating func known(size: Int, rows: Int) {
        #expect(!curve.isKnown(size))
        curve.record(rows: rows, seconds: 1)
        #expect(!curve.isKnown(size))
        curve.record(rows: size, seconds: 1)
        #expect(curve.isKnown(size) && curve.isKnown(rows) && !curve.isKnown(288))
    }

    @Test("one step in three that takes a thousand times as long changes nothing")
    mutating func outliers() {
        for step in 0..<30 { curve.record(rows: 64, seconds: step % 3 == 0 ? 100 : 0.1) }
        #expect(abs(curve.seconds(64) - 0.1) < 1e-12)
    }

    @Test("a slow first step is forgotten with the second")
    mutating func slowStart() {
        curve.record(rows: 64, seconds: 3)
        curve.record(rows: 64, seconds: 0.1)
        #expect(abs(curve.seconds(64) - 0.1) < 1e-12)
    }

    @Test("a machine that has become slower is believed after three steps")
    mutating func drift() {
        for _ in 0..<20 { curve.record(rows: 64, seconds: 0.1) }
        for _ in 0..<2 { curve.record(rows: 64, seconds: 0.2) }
        #expect(abs(curve.seconds(64) - 0.1) < 1e-12)
        curve.record(rows: 64, seconds: 0.2)
        #expect(abs(curve.seconds(64) - 0.2) < 1e-12)
    }

    @Test("a size that was not seen for long counts as never measured, and starts anew")
    mutating func forgetting() {
        for _ in 0..<5 { curve.record(rows: 192, seconds: 9) }
        for _ in 0...CostCurve.memory { curve.record(rows: 8, seconds: 0.1) }
        #expect(!curve.isKnown(192))
        curve.record(rows: 192, seconds: 0.5)
        #expect(abs(curve.seconds(192) - 0.5) < 1e-12)
    }

    @Test("no rows, no time and times that are none teach nothing")
    mutating func nonsense() {
        for (rows, seconds) in [(0, 1.0), (5, 0), (5, -1), (5, .nan), (5, .infinity)] {
            curve.record(rows: rows, seconds: seconds)
        }
        #expect(curve.isEmpty)
    }
}
