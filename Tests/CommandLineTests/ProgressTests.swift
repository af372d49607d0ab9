import BatchFiles
import Forms
import Foundation
import Synchronization
import Testing

@testable import ParterreCLI

@Suite("Progress")
struct ProgressTests {
    private var view: ProgressView {
        ProgressView(
            counts: .init(answered: 20, failed: 5, skipped: 25), total: 100, generatedTokens: 1234,
            tokensPerSecond: 83.25, cacheUse: 0.416, running: 7, secondsElapsed: 50)
    }

    @Test("the bar says what is done, how fast, and what is left")
    func bar() {
        #expect(
            view.bar(width: 120)
                == "[###############---------------] 50/100 lines (5 bad)  83.2 tokens/s  cache 42%  01:40 left")
        for width in 1...120 { #expect(view.bar(width: width).count <= width, "width \(width)") }
    }

    @Test("without a total there is no guess")
    func noTotal() {
        var view = view
        view.total = nil
        #expect(view.bar(width: 80) == "50 lines (5 bad)  83.2 tokens/s  cache 42%")
        #expect(view.secondsLeft == nil)
    }

    @Test("time left counts only what this run has done")
    func timeLeft() {
        #expect(view.secondsLeft == 100)
        #expect(ProgressView(total: 10).secondsLeft == nil)
    }

    @Test("log line and summary")
    func words() {
        #expect(
            view.logLine
                == "50 of 100 lines, 7 sequences running, 1234 tokens, 83.2 tokens/s, cache 42%, 01:40 left")
        #expect(
            view.summary == "20 lines answered, 5 failed, 25 were there already; 1234 tokens in 50.0 s (24.7 tokens/s)")
        var crowded = view
        crowded.preemptions = 5
        #expect(crowded.summary == view.summary + "; the cache was small for 5 sequences: 5 computed again")
        crowded.swaps = 3
        crowded.bytesSwapped = 3 << 20
        #expect(crowded.summary.hasSuffix("5 sequences: 3 swapped out and back, 3.00 MiB in all, 2 computed again"))
        var guessing = view
        (guessing.drafted, guessing.accepted) = (500, 400)
        #expect(
            guessing.summary.hasSuffix(
                "(24.7 tokens/s); 400 of 500 guessed tokens came true (80%), 1.5 tokens a step for each text"))
    }

    @Test("what requests had in common is told, where it was anything")
    func prefixes() {
        var view = view
        #expect(view.prefixSummary == nil)
        (view.prefixHits, view.prefixQueries) = (64_512, 66_560)
        #expect(view.prefixSummary == "prefix cache: 64,512 of 66,560 prompt tokens reused")
    }

    @Test("the rate is that of the last moments")
    func rate() {
        var meter = RateMeter(window: 2)
        #expect(meter.note(tokens: 0, at: 0) == 0)
        #expect(meter.note(tokens: 10, at: 1) == 10)
        #expect(meter.note(tokens: 20, at: 2) == 10)
        for second in 3...10 { _ = meter.note(tokens: 20 + 100 * (second - 2), at: Double(second)) }
        #expect(meter.note(tokens: 920, at: 11) == 100)
    }

    @Test("figures as people read them")
    func figures() {
        #expect(
            [0, 1023, 1024, 1536, 15 << 20, 3 << 30, 1_048_575].map(Figures.bytes)
                == ["0 B", "1023 B", "1.00 KiB", "1.50 KiB", "15.0 MiB", "3.00 GiB", "1.00 MiB"])
        #expect([0, 7.4, 750, 10800, .infinity].map(Figures.clock) == ["00:00", "00:07", "12:30", "3:00:00", "00:00"])
        #expect(Figures.grouped(559_214_592) == "559,214,592")
        #expect(TopologyView.ranges([0, 1, 2, 3, 8, 10, 11]) == "0-3,8,10-11")
    }

    @Test("a log line's time is the local one")
    func timeOfDay() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .current
        for seconds in [0, 1_735_689_599.9, 1_751_328_000, 1_783_000_845.5] {
            let time = Date(timeIntervalSince1970: seconds)
            let parts = calendar.dateComponents([.hour, .minute, .second], from: time)
            let expected = [parts.hour!, parts.minute!, parts.second!].map { $0 < 10 ? "0\($0)" : "\($0)" }
            #expect(Figures.timeOfDay(time) == expected.joined(separator: ":"), "\(seconds)")
        }
    }

    @Test("only the first bad lines are told")
    func telling() {
        let told = Mutex<[String]>([])
        let progress = Tally { text in told.withLock { $0.append(text) } }
        for line in 1...50 { progress.failed(line: line, FieldError("no", field: "prompt")) }
        #expect(progress.counts.failed == 50)
        #expect(told.withLock { $0.count } == Tally.mostTold + 1)
        #expect(told.withLock { $0.first } == "line 1: prompt: no")
    }
}
