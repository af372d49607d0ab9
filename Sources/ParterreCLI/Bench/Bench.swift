import Parterre

/// `parterre bench` from its options to its report: measure limits, load, time every workload beside the limits of its moment.
struct Bench {
    var source: ModelSource
    var options: EngineOptions
    var workloads: [Workload]
    /// Whether a workload that needs more memory than there is may be left out, with a word about it.
    var mayLeaveOut: Bool
    var sizes: WorkloadSizes
    var contextIsRandom: Bool
    /// Prompts of the rows, in place of random tokens.
    var prompts: LogitsInput?
    /// Where the whole run is shown.
    var trace: TraceFile?
    var reporter: Reporter

    /// - Throws: a `UserFacingError` when the model cannot be loaded, or a workload has no room in memory.
    func run() async throws -> BenchReport {
        let machine = try MachineTopology.current(instructionSet: options.instructionSet)
        var (workloads, options) = try fit(availableBytes: machine.availableBytes)
        options.recordsTrace = trace != nil
        progress("measuring the machine's limits")
        let limits = try await LimitWatch(threads: options.threads)
        let clock = ContinuousClock()
        let begin = clock.now
        let engine = try await reporter.load(source, options)
        trace?.record(engine)
        let plan = engine.memoryPlan
        let prompts = try prompts?.sequences(engine.tokenizer, vocabularySize: engine.vocabularySize)
        if let prompts { for workload in workloads { try workload.check(prompts, sizes) } }
        let runner = WorkloadRunner(engine, sizes, limits, contextIsRandom: contextIsRandom, prompts: prompts)
        var report = BenchReport(
            model: source.name, weights: plan.weightFormat, cache: plan.cacheFormat, isa: machine.chosenInstructionSet,
            sizes: sizes, contextIsRandom: contextIsRandom, limits: await limits.best, cost: runner.cost,
            weightBytes: plan.weightBytes, loadSeconds: (clock.now - begin).seconds, peakBytes: 0)
        do {
            for workload in workloads { report.workloads.append(try await time(workload, runner)) }
        } catch {
            throw CommandError(duringRun: error)
        }
        await engine.shutdown()
        report.limits = await limits.best
        report.peakBytes = await limits.peakBytes
        Console.shared.setBar("")
        return report
    }

    private func time(_ workload: Workload, _ runner: WorkloadRunner) async throws -> WorkloadFigures {
        progress("\(workload.name): warming up")
        let figures = try await reporter.ticking(runner.engine, workload.name) {
            try await runner.measure(workload) { done, all in progress("\(workload.name): \(done) of \(all) done") }
        }
        let rates = figures.runs.map { Figures.rate($0.tokensPerSecond) }.joined(separator: ", ")
        reporter.info("\(workload.name): \(rates) tokens/s")
        return figures
    }

    private func progress(_ text: String) {
        if reporter.style == .bar { Console.shared.setBar(text) }
    }

    /// The workloads that memory has room for, and options with room for them.
    func fit(availableBytes: Int) throws -> ([Workload], EngineOptions) {
        var options = options
        options.maxBatch = max(options.maxBatch, workloads.map(\.rows).max() ?? 1)
        guard options.cacheMemory == .automatic else { return (workloads, options) }
        // As much cache as the largest workload fills, so that nothing waits and memory tells what the work needs.
        let model = try ModelSize(source, options)
        let room = availableBytes - model.weights
        func bytes(_ workload: Workload) -> Int {
            workload.blocks(sizes, blockSize: options.blockSize, contextIsRandom: contextIsRandom)
                * options.blockSize * model.cachedToken
        }
        var fitting: [Workload] = []
        for workload in workloads {
            if bytes(workload) <= room {
                fitting.append(workload)
                continue
            }
            let words =
                "\(workload.name) needs \(Figures.bytes(bytes(workload))) of cache beside the weights' "
                + "\(Figures.bytes(model.weights)), and \(Figures.bytes(availableBytes)) of memory are free"
            guard mayLeaveOut else { throw CommandError.input("\(words): take a smaller one, or set --cache-memory") }
            reporter.notice("parterre: left out: \(words); --long-context makes it smaller")
        }
        options.cacheMemory = .bytes(fitting.map(bytes).max() ?? options.blockSize * model.cachedToken)
        return (fitting, options)
    }
}
