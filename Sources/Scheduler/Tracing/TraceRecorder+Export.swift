extension TraceRecorder {
    /// What has been recorded so far.
    func trace(settings: Trace.Settings, totals: Trace.Totals) -> Trace {
        noteEnds()
        var trace = Trace(settings: settings)
        trace.totals = totals
        trace.droppedSteps = droppedSteps
        trace.sequences = sequences
        trace.steps = steps
        trace.runs.sequence = runs.map(\.sequence)
        trace.runs.step = runs.map(\.step)
        trace.runs.count = runs.map(\.count)
        trace.runs.rows = runs.map(\.rows)
        trace.runs.work = runs.map(\.work.rawValue)
        trace.runs.tokens = runs.map(\.tokens)
        trace.holdings.sequence = holdings.map(\.sequence)
        trace.holdings.logical = holdings.map(\.logical)
        trace.holdings.block = holdings.map(\.block)
        trace.holdings.from = holdings.map(\.from)
        trace.holdings.until = holdings.map { min($0.until, step) }
        trace.cached.block = cached.map(\.block)
        trace.cached.sequence = cached.map(\.sequence)
        trace.cached.from = cached.map(\.from)
        trace.cached.until = cached.map { min($0.until, step) }
        trace.cached.fate = cached.map(\.fate.rawValue)
        trace.marks.step = marks.map(\.step)
        trace.marks.sequence = marks.map(\.sequence)
        trace.marks.what = marks.map(\.what.rawValue)
        trace.marks.detail = marks.map(\.detail)
        return trace
    }
}
