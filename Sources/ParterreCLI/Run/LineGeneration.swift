import BatchFiles
import Forms
import Parterre

/// `parterre generate` from lines to lines: everything that may go wrong is looked at before the output is touched.
struct LineGeneration: Sendable {
    /// `nil`: standard output.
    var output: String?
    /// Where false, answers go nowhere.
    var answersAreKept = true
    var input: FileIdentity?
    var resume = false
    var retryErrors = false
    /// The command line's own options, to be checked against the model.
    var defaults: RequestOptions
    /// Most lines in flight.
    var inFlight: Int
    var reporter: Reporter
    var model: @Sendable () async throws -> LoadedModel

    /// - Parameters:
    ///   - total: lines of the input, where that is known.
    ///   - source: makes the source of requests, which stops when its argument says so.
    /// - Throws: `CommandError`; also at the end, when some lines were bad or the run was interrupted.
    func run<Source: RequestSource>(
        total: Int?, source: (@escaping @Sendable () -> Bool) -> Source
    ) async throws {
        let file = try output.map {
            try OutputFile($0, resume: resume, retryErrors: retryErrors, input: input)
        }
        let model = try await model()
        try defaults.check(model.engine)
        let writer = try file?.writer() ?? (answersAreKept ? .standardOutput() : .nowhere())
        if let file, file.contents.tornBytes > 0 {
            reporter.info("cut off a torn line of \(file.contents.tornBytes) bytes at the end of \(file.path)")
        }
        let interrupt = Interrupt()
        interrupt.listen(
            first: { reporter.notice("ending: the lines in flight are finished first (Ctrl-C again ends at once)") },
            again: { writer.exitBetweenLines(1) })

        let tally = Tally { reporter.warn($0) }
        let shouldStop: @Sendable () -> Bool = { interrupt.isRequested || writer.hasFailed }
        var batch = BatchRun(
            source: source(shouldStop),
            answering: Answering(model: model.answering, writer: writer),
            finished: file?.finished ?? FinishedWork(), tally: tally, limit: inFlight, shouldStop: shouldStop)
        // A bar would run through lines that go to the same terminal.
        let showsBar = output != nil || !answersAreKept || !StandardStreams.outputIsTerminal
        do {
            try await reporter.during(model.engine, tally: tally, total: total, showsBar: showsBar) {
                try await batch.run()
            }
        } catch {
            await model.engine.shutdown()
            throw CommandError(duringRun: error)
        }
        await writer.finish()
        await model.engine.shutdown()
        try check(tally.counts, kept: file?.finished.failureCount ?? 0, wasInterrupted: interrupt.isRequested)
    }

    /// A run that left lines without an answer does not end with 0.
    private func check(_ counts: Tally.Counts, kept: Int, wasInterrupted: Bool) throws {
        if wasInterrupted {
            let hint = output == nil ? "" : "; --resume goes on from here"
            throw CommandError.failed("interrupted after \(counts.done) lines\(hint)")
        }
        if counts.failed > 0 { throw CommandError.failed("\(counts.failed) lines could not be answered") }
        if kept > 0 {
            throw CommandError.failed(
                "\(kept) lines of an earlier run could not be answered; --retry-errors tries again")
        }
    }
}
