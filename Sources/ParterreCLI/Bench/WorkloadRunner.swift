import Parterre
import Synchronization

/// Times workloads on an engine that has nothing else to do.
struct WorkloadRunner: Sendable {
    let engine: Engine
    let sizes: WorkloadSizes
    let limits: LimitWatch
    let cost: ModelCost
    /// Whether a long context is random numbers in the cache instead of a computed prompt.
    let contextIsRandom: Bool
    /// Of the rows of every workload; `nil`: random tokens, other ones in each run.
    let prompts: [[TokenID]]?
    private let clock = ContinuousClock()
    private let epoch = ContinuousClock.now

    init(
        _ engine: Engine, _ sizes: WorkloadSizes, _ limits: LimitWatch, contextIsRandom: Bool,
        prompts: [[TokenID]]? = nil
    ) {
        self.engine = engine
        self.sizes = sizes
        self.limits = limits
        self.contextIsRandom = contextIsRandom
        self.prompts = prompts
        cost = ModelCost(engine.configuration, engine.memoryPlan)
    }

    /// All timed runs of a workload, after one that only warms up.
    ///
    /// - Parameter finished: told after each session how many of how many are done.
    func measure(_ workload: Workload, finished: (Int, Int) -> Void) async throws -> WorkloadFigures {
        let before = await engine.status()
        var limitsBefore = try await limits.current()
        var figures = WorkloadFigures(workload: workload)
        if case .long(let context, let batch) = workload {
            try await measureLong(context: context, batch: batch, into: &figures, finished: finished)
            // One session has all runs.
            let around = limitsBefore.best(try await limits.current())
            for run in figures.runs.indices { figures.runs[run].limits = around }
        } else {
            for run in 0...sizes.runs {
                var (result, context) = try await self.run(workload, number: run)
                let limitsAfter = try await limits.current()
                result.limits = limitsBefore.best(limitsAfter)
                limitsBefore = limitsAfter
                if run > 0 { figures.runs.append(result) }
                figures.context = context
                finished(run + 1, sizes.runs + 1)
            }
        }
        let after = await engine.status()
        figures.steps = after.steps - before.steps
        figures.barriers = after.barriers - before.barriers
        figures.preemptions = after.preemptions - before.preemptions
        figures.swaps = after.swaps - before.swaps
        if case .prefix = workload {
            let reused = after.prefixCacheHits - before.prefixCacheHits
            let computed = after.promptTokens - before.promptTokens
            figures.promptShareReused = Double(reused) / Double(max(1, reused + computed))
        }
        return figures
    }

    /// Where other programs held up some rows' readers so long that no stretch has all rows, the run is taken again.
    private func run(_ workload: Workload, number: Int) async throws -> (RunFigures, context: Double?) {
        for _ in 0..<Self.attempts {
            if let result = try await attempt(workload, number: number) { return result }
        }
        throw Self.uneven(workload)
    }

    private static let attempts = 5

    private func attempt(_ workload: Workload, number: Int) async throws -> (RunFigures, context: Double?)? {
        let requests = workload.requests(sizes)
        let steps = await engine.status().steps
        let timelines = try await drive(
            requests, number: number, timedTokens: timedTokens(workload), context: context(of: workload))
        let stepsDone = await engine.status().steps - steps
        let firstTokens = timelines.compactMap(\.firstToken)
        switch workload {
        case .prefill(let tokens):
            let result = RunFigures(
                tokens: tokens, seconds: firstTokens[0], firstToken: firstTokens,
                work: cost.prefill(tokens: tokens, steps: stepsDone))
            return (result, nil)
        case .mixed, .crowded, .prefix:
            let begin = timelines.map(\.begin).min() ?? 0
            let end = timelines.compactMap(\.tokens.last).max() ?? 0
            let result = RunFigures(
                tokens: timelines.reduce(0) { $0 + $1.tokens.count }, seconds: end - begin, firstToken: firstTokens,
                gaps: timelines.flatMap { $0.gaps() }, work: work(of: workload, requests, steps: stepsDone))
            return (result, nil)
        case .decode(let batch), .long(_, let batch):
            let session = decoding(rows: batch)
            guard let window = session.windows(timelines).first else { return nil }
            return (figures(window, session, firstTokens), window.context)
        }
    }

    /// Only the workload that is about prefixes may find anything in the cache: the others would be faster than they are.
    private func context(of workload: Workload) -> BatchEngine.Context {
        if case .prefix = workload { .computed } else { .computedAlone }
    }

    /// Of shared prompts nobody knows how much was computed, so nothing is said of it.
    private func work(of workload: Workload, _ requests: [WorkloadRequest], steps: Int) -> Work {
        if case .prefix = workload { Work() } else { cost.mixed(requests, steps: steps) }
    }

    private func decoding(rows: Int) -> DecodeSession {
        DecodeSession(rows: rows, prompt: sizes.prompt, windows: 1, sizes)
    }

    private func timedTokens(_ workload: Workload) -> Int? {
        if case .decode(let batch) = workload { decoding(rows: batch).timedTokens } else { nil }
    }

    /// One session for all runs, so that its context is filled once; and before it the same rows without a context, so
    /// that attention's own time can be told.
    private func measureLong(
        context: Int, batch: Int, into figures: inout WorkloadFigures, finished: (Int, Int) -> Void
    ) async throws {
        let short = DecodeSession(
            rows: batch, prompt: min(16, context), windows: sizes.runs + 1, sizes)
        let (shortWindows, _) = try await windows(of: short, number: 0, context: .computedAlone, figures.workload)
        finished(1, 2)
        let long = DecodeSession(
            rows: batch, prompt: context, windows: sizes.runs + 1, sizes, contextIsRandom: contextIsRandom)
        let (windows, timelines) = try await windows(
            of: long, number: 1, context: contextIsRandom ? .random : .computedAlone, figures.workload)
        finished(2, 2)
        // With a random context the first token says nothing about the prompt.
        let firstTokens = contextIsRandom ? [] : timelines.compactMap(\.firstToken)
        figures.runs = windows.map { self.figures($0, long, firstTokens) }
        figures.context = windows.reduce(0) { $0 + $1.context } / Double(windows.count)
        let shortContext = shortWindows.reduce(0) { $0 + $1.context } / Double(shortWindows.count)
        guard let longSeconds = Statistics.median(windows.map(\.seconds)),
            let shortSeconds = Statistics.median(shortWindows.map(\.seconds)), let context = figures.context,
            longSeconds > shortSeconds
        else { return }
        let bytes = Double(batch * sizes.steps) * (context - shortContext) * cost.cacheBytesPerToken
        figures.attention = WorkloadFigures.Attention(
            shareOfTime: 1 - shortSeconds / longSeconds, bytesPerSecond: bytes / (longSeconds - shortSeconds))
    }

    /// All of a session's windows but the first, which only warms up.
    private func windows(
        of session: DecodeSession, number: Int, context: BatchEngine.Context, _ workload: Workload
    ) async throws -> ([DecodeSession.Window], [Timeline]) {
        for _ in 0..<Self.attempts {
            let timelines = try await drive(
                session.requests, number: number, timedTokens: session.timedTokens, context: context)
            let windows = session.windows(timelines).dropFirst()
            if windows.count == sizes.runs { return (Array(windows), timelines) }
        }
        throw Self.uneven(workload)
    }

    private func figures(_ window: DecodeSession.Window, _ session: DecodeSession, _ firstTokens: [Double])
        -> RunFigures
    {
        RunFigures(
            tokens: session.rows * session.steps, seconds: window.seconds, firstToken: firstTokens, gaps: window.gaps,
            work: cost.decode(rows: session.rows, steps: session.steps, context: window.context))
    }

    private static func uneven(_ workload: Workload) -> CommandError {
        .failed("\(workload.name): its rows never decoded all together: give --cache-memory more or --max-batch more")
    }

    /// Hand in all requests at once and note when their tokens come. Prompts differ from run to run, unless they were given.
    ///
    /// - Parameter timedTokens: a row leaves with that many tokens after the last row's first one; `nil`: at its end.
    private func drive(
        _ requests: [WorkloadRequest], number: Int, timedTokens: Int?, context: BatchEngine.Context
    ) async throws -> [Timeline] {
        var generator = WorkloadGenerator(seed: sizes.seed, stream: UInt64(number) + 1)
        // A session before the long one has shorter rows: theirs are the ends of the prompts.
        let vocabulary = engine.configuration.vocabularySize
        let shared = generator.tokens(requests.map(\.sharedCount).max() ?? 0, vocabularySize: vocabulary)
        let prompts =
            prompts.map { zip(requests, $0).map { Array($1.suffix($0.promptCount)) } }
            ?? requests.map {
                shared.prefix($0.sharedCount)
                    + generator.tokens($0.promptCount - $0.sharedCount, vocabularySize: vocabulary)
            }
        let started = StartedRows()
        return try await withThrowingTaskGroup(of: Timeline.self) { group in
            for (request, prompt) in zip(requests, prompts) {
                var parameters = SamplingParameters()
                parameters.maxTokens = request.tokens
                parameters.ignoreEOS = true
                let generation = GenerationRequest(.tokens(prompt), parameters: parameters)
                let begin = now
                let stream = engine.generate(generation, context: context)
                group.addTask {
                    var line = Timeline(begin: begin)
                    var rest = timedTokens ?? .max
                    for try await case .token in stream {
                        line.tokens.append(now)
                        if line.tokens.count == 1 { started.add() }
                        guard started.count == requests.count else { continue }
                        rest -= 1
                        if rest == 0 { break }
                    }
                    return line
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private var now: Double { epoch.duration(to: clock.now).seconds }
}

/// Rows that have their first token.
private final class StartedRows: Sendable {
    private let number = Atomic<Int>(0)

    var count: Int { number.load(ordering: .relaxed) }

    func add() { number.add(1, ordering: .relaxed) }
}

/// What all timed runs of a workload came to.
struct WorkloadFigures: Sendable, Equatable {
    /// Attention's own part, told by the same rows without a context.
    struct Attention: Sendable, Equatable {
        /// Of a step's time.
        var shareOfTime: Double
        /// Keys and values read per second of it.
        var bytesPerSecond: Double
    }

    var workload: Workload
    var runs: [RunFigures] = []
    /// Cached tokens of a row in the middle of the timed steps.
    var context: Double?
    /// `nil` also where the context made no step longer, as in a model too small for its time to be told.
    var attention: Attention?
    /// Of the engine in all sessions of this workload.
    var steps = 0
    var barriers = 0
    var preemptions = 0
    /// Of these, sequences that were swapped out.
    var swaps = 0
    /// Of the prefix workload's prompts: what was taken over from other requests instead of computed, 0…1.
    var promptShareReused: Double?
}
