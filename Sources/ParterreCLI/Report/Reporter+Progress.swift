import BatchFiles
import Parterre

extension Reporter {
    /// Show progress while `work` runs, and its summary at the end, however it ends.
    ///
    /// - Parameters:
    ///   - total: lines of the input, where that is known.
    ///   - showsBar: whether a bar has the terminal for itself.
    func during(
        _ engine: Engine, tally: Tally, total: Int?, showsBar: Bool, work: () async throws -> Void
    ) async throws {
        let begin = ContinuousClock.now
        let ticker = Task { await tick(engine, tally, total, showsBar: showsBar) }
        let result: Result<Void, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        ticker.cancel()
        await ticker.value
        Console.shared.setBar("")

        var view = ProgressView(counts: tally.counts, total: total)
        view.note(await engine.status())
        view.secondsElapsed = (ContinuousClock.now - begin).seconds
        for line in [view.summary, view.prefixSummary].compactMap(\.self) {
            if style == .bar { Console.shared.line(line) } else { info(line) }
        }
        // Only now are the cache's pages where they will stay: they were taken as texts grew.
        for strays in engine.strayPages() where strays.region != "weights" { warn(strays.message) }
        try result.get()
    }

    private func tick(_ engine: Engine, _ tally: Tally, _ total: Int?, showsBar: Bool) async {
        switch style {
        case .quiet: return
        case .bar where !showsBar: return
        case .bar, .logLines: break
        }
        let begin = ContinuousClock.now
        let pause: Duration = style == .bar ? .milliseconds(250) : .seconds(10)
        var meter = RateMeter(window: style == .bar ? 5 : 10)
        while (try? await Task.sleep(for: pause)) != nil {
            let status = await engine.status()
            let elapsed = (ContinuousClock.now - begin).seconds
            let view = ProgressView(
                counts: tally.counts, total: total, generatedTokens: status.generatedTokens,
                tokensPerSecond: meter.note(tokens: status.generatedTokens, at: elapsed),
                cacheUse: status.cacheUse, running: status.runningSequences, secondsElapsed: elapsed)
            if style == .bar {
                Console.shared.setBar(view.bar(width: Console.shared.width))
            } else {
                info(view.logLine)
            }
        }
    }
}
