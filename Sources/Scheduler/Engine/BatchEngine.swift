import Basics
import CKernels
import Dispatch
package import Kernels
package import Logging
package import Models
package import PagedCache
import Synchronization
import Tokenizers

/// The engine loop: schedule, run, settle, until nothing is left to do.
///
/// One serial Dispatch queue owns all state here, so nothing in it is locked; the lanes compute while the queue waits.
/// Requests and cancellations are further work on the same queue and so fall between two steps.
public final class BatchEngine: @unchecked Sendable {
    let queue = DispatchQueue(label: "parterre.engine", qos: .userInitiated)
    let crew: WorkerLanes
    let model: Bloom
    let workspace: BloomWorkspace
    let scheduler: StepScheduler
    let logger: Logger
    /// `nil`: nothing is recorded.
    let recorder: TraceRecorder?
    private let scratch: [SamplingScratch]
    private let copies: [UnsafeMutableBufferPointer<Float>]

    private(set) var plan = StepPlan()
    private var draws = PassDraws()
    /// A row has more logits that are equal than its list holds; written by lanes, read between two passes.
    private let rowIsUndecided = Atomic<Bool>(false)
    /// `nil`: nothing is guessed.
    let speculator: Speculator?
    var requests: [Int: ActiveRequest] = [:]
    var deadlines = Deadlines()
    /// The clock of deadlines; tests set it.
    var now: () -> ContinuousClock.Instant = { .now }
    private var arrivals = 0
    private var stepIsQueued = false
    private(set) var state = EngineState.serving
    var drainWaiters: [DrainWaiter] = []
    private(set) var counters = EngineCounters()
    let meter: RequestMeter
    /// Told from time to time what was counted, and whenever there is nothing left to do; must return at once.
    private let report: (@Sendable (EngineReport) -> Void)?

    /// Rows of logits that are held at a time; more wanted rows are computed in turn.
    static let logitRows = 64

    /// - Parameters:
    ///   - swapSpace: made for the same cache; `nil`: preempted sequences are always computed again.
    ///   - report: told on the engine's queue what was counted: about once a second, and whenever nothing is left to do.
    /// - Throws: `KernelError.outOfMemory`.
    package init(
        model: Bloom, crew: WorkerLanes, cache: PagedCache, swapSpace: SwapSpace? = nil, options: SchedulingOptions,
        speculation: Speculation = .none, logger: Logger, recordsTrace: Bool = false,
        report: (@Sendable (EngineReport) -> Void)? = nil
    ) throws {
        self.report = report
        meter = RequestMeter(keepsDurations: report != nil)
        self.model = model
        self.crew = crew
        self.logger = logger
        recorder = recordsTrace ? TraceRecorder() : nil
        let vocabulary = model.configuration.vocabularySize
        scheduler = StepScheduler(
            options: options, cache: cache, swapSpace: swapSpace, mostWanted: Self.logitRows)
        workspace = try BloomWorkspace(
            model, rows: options.mostRows, logitRows: Self.logitRows, lanes: crew.count)
        speculator = Speculator(speculation)
        scratch = (0..<crew.count).map { _ in SamplingScratch(vocabularySize: vocabulary) }
        copies = (0..<crew.count).map { _ in .allocate(capacity: vocabulary) }
    }

    deinit { for copy in copies { copy.deallocate() } }

    // MARK: Taking work on. Called on the queue.

    func nextArrival() -> Int {
        arrivals += 1
        return arrivals
    }

    func take(_ request: ActiveRequest) {
        requests[request.id] = request
        if let deadline = request.deadline { deadlines.add(request.id, at: deadline) }
        if let first = request.sequences.first { scheduler.add(first) }
        continueSteps()
    }

    func take(_ sequences: [ScheduledSequence]) {
        for sequence in sequences { scheduler.add(sequence) }
        continueSteps()
    }

    /// The request's reader has left.
    func cancel(_ id: Int) {
        if drop(id) { meter.noteAbort() }
    }

    /// End a request with an error.
    func fail(_ request: ActiveRequest, _ error: RequestError) {
        request.delivery.finish(throwing: error)
        if drop(request.id) { meter.noteError() }
    }

    /// The request is none any more, its blocks are free. False when that was so already.
    private func drop(_ id: Int) -> Bool {
        guard let request = requests.removeValue(forKey: id) else { return false }
        // First all siblings are cut off, then sequences end: a fork must not bring one back.
        for sequence in request.sequences { sequence.siblings = [] }
        for sequence in request.sequences { scheduler.finish(sequence) }
        return true
    }

    func beginDraining() {
        if state == .serving { state = .draining }
    }

    func stop() {
        guard state != .stopped else { return }
        state = .stopped
        endWaiting(drained: scheduler.isIdle)
        for request in Array(requests.values) { fail(request, .engineStopped) }
        for sequence in scheduler.running + scheduler.waiting.unordered + scheduler.aside.unordered {
            if case .score(let job, _) = sequence.purpose { job.group.end(RequestError.engineStopped) }
            scheduler.finish(sequence)
        }
        sendReport()
        crew.stop()
    }

    // MARK: The loop

    private func continueSteps() {
        guard !stepIsQueued, state != .stopped else { return }
        guard !scheduler.isIdle else { return noteIdle() }
        stepIsQueued = true
        queue.async { [self] in
            stepIsQueued = false
            guard state != .stopped else { return }
            step()
            if meter.isReportDue { sendReport() }
            continueSteps()
        }
    }

    func sendReport() {
        guard let report else { return }
        report(EngineReport(status: currentStatus, durations: meter.takeDurations()))
    }

    private func step() {
        endExpired()
        guard !scheduler.isIdle else { return }
        let began = meter.reading()
        recorder?.stepBegins()
        speculator?.propose(scheduler, crew: crew, scratch: scratch)
        scheduler.plan(&plan)
        guard !plan.entries.isEmpty else { return failWhatCannotRun() }
        scheduler.commit(plan)
        run()
        recorder?.stepWasComputed(plan, scheduler)
        meter.setMoment()
        settle(stepBegan: began)
        let timer = workspace.timer
        recorder?.stepEnds(layers: timer.products, attention: timer.attention, head: timer.head)
    }

    /// Compute the step: all layers once, then the head over its wanted rows, as many at a time as the workspace holds.
    private func run() {
        let batch = plan.batch
        let wanted = batch.wantedRows.count
        var first = 0
        repeat {
            let pass = first..<min(first + workspace.logitRowCapacity, wanted)
            prepareDraws(pass)
            crew.run { [draws] lane in
                if pass.lowerBound == 0 { model.forward(batch, workspace, store: scheduler.cache.store, lane: lane) }
                choose(draws, pass, batch, lane)
            }
            if pass.lowerBound == 0 { noteCosts(rows: batch.rows, wanted: wanted) }
            if rowIsUndecided.exchange(false, ordering: .relaxed) {
                draws.demandAll()
                crew.run { [draws] in choose(draws, pass, batch, $0) }
            }
            deliverScores(pass)
            first = pass.upperBound
        } while first < wanted
        counters.steps += 1
    }

    /// Of a head that needs several passes only the first was timed, so nothing is learnt of it.
    private func noteCosts(rows: Int, wanted: Int) {
        workspace.timer.stop()
        scheduler.costs.layers.record(rows: rows, seconds: workspace.timer.products)
        guard wanted <= workspace.logitRowCapacity else { return }
        scheduler.costs.head.record(rows: wanted, seconds: workspace.timer.head)
    }

    // MARK: Drawing tokens

    private func prepareDraws(_ pass: Range<Int>) {
        draws.begin(rows: pass.count)
        for entry in plan.entries {
            let wanted = entry.wanted.clamped(to: pass)
            guard !wanted.isEmpty else { continue }
            if case .beam(let group, let member) = entry.sequence.purpose {
                draws.add(row: wanted.lowerBound - pass.lowerBound, group.members[member])
            }
            guard case .generate(let sample) = entry.sequence.purpose else { continue }
            var drawn = entry.wanted
            if let report = entry.sequence.promptReport {
                prepareReport(report, of: entry, wanted, pass)
                // Of a prompt only the last row is drawn from.
                drawn = entry.wanted.suffix(entry.sequence.pendingTokens == 0 ? 1 : 0)
            }
            let rows = drawn.clamped(to: pass)
            guard !rows.isEmpty, sample.tokensLeft > 0 else { continue }
            draws.add(
                rows: rows.lowerBound - pass.lowerBound..<rows.upperBound - pass.lowerBound,
                earlier: rows.lowerBound - drawn.lowerBound, sample)
            guard !entry.sequence.siblings.isEmpty else { continue }
            for sibling in scheduler.fork(entry.sequence) {
                if case .generate(let other) = sibling.purpose { draws.add(other) }
            }
        }
    }

    private func prepareReport(
        _ report: PromptReport, of entry: StepPlan.Entry, _ wanted: Range<Int>, _ pass: Range<Int>
    ) {
        let end = entry.sequence.table.tokenCount
        for row in wanted {
            let position = end - (entry.wanted.upperBound - row)
            guard report.wants(rowAt: position) else { continue }
            draws.add(
                row: row - pass.lowerBound, report, token: position + 1, id: entry.sequence.tokens[position + 1])
        }
    }

    /// The head and the draws of one pass. Runs on all lanes.
    private func choose(_ draws: PassDraws, _ pass: Range<Int>, _ batch: StepBatch, _ lane: Lane) {
        guard !pass.isEmpty else { return }
        model.head(batch, wanted: pass, demands: draws.demands, workspace, lane: lane)
        for index in lane.share(of: draws.draws.count) {
            let draw = draws.draws[index]
            let samples = draws.samples[draw.samples]
            for (place, row) in draw.rows.enumerated() {
                let token = batch.tokens[Int(batch.wantedRows[pass.lowerBound + row])]
                guard samples.allSatisfy({ $0.isAt(row: draw.earlier + place, behind: token) }) else { continue }
                if draws.demands[row] == .all {
                    self.draw(samples, fromAllOf: row, lane)
                } else if let greatest = workspace.selection.greatest(ofRow: row, lane: lane) {
                    for sample in samples { sample.draw(from: greatest, scratch: scratch[lane.index]) }
                } else {
                    rowIsUndecided.store(true, ordering: .relaxed)
                }
            }
        }
        for index in lane.share(of: draws.reports.count) {
            let (row, report, token, id) = draws.reports[index]
            let logits = UnsafeBufferPointer(logits(ofRow: row))
            let distribution = LogprobReport(
                logits, alternatives: report.alternatives, scratch: scratch[lane.index], model.kernels)
            report.set(distribution.logprob(of: id.index, in: logits), ofToken: token)
        }
        for index in lane.share(of: draws.beams.count) {
            let (row, member) = draws.beams[index]
            member.rank(logits(ofRow: row), scratch: scratch[lane.index], kernels: model.kernels)
        }
    }

    private func logits(ofRow row: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: workspace.logits + row * workspace.logitStride, count: model.configuration.vocabularySize)
    }

    /// Samplers change the logits they are given, so all but the last draw from a copy.
    private func draw(_ samples: ArraySlice<Sample>, fromAllOf row: Int, _ lane: Lane) {
        let row = logits(ofRow: row)
        for (index, sample) in samples.enumerated() {
            var logits = row
            if index < samples.count - 1 {
                logits = copies[lane.index]
                _ = logits.update(from: row)
            }
            sample.draw(from: logits, scratch: scratch[lane.index])
        }
    }

    // MARK: Settling

    private func settle(stepBegan began: Int64) {
        for entry in plan.entries {
            counters.promptTokens += entry.sequence.state == .prefilling ? entry.rows : 0
            switch entry.sequence.purpose {
            case .generate(let sample):
                meter.noteStep(of: sample.request, began: began)
                entry.sequence.promptReport?.advance(stored: entry.sequence.table.tokenCount)
                if entry.sequence.pendingTokens == 0 { settlePrompt(of: entry.sequence, sample) }
            case .score(let job, _):
                guard entry.sequence.pendingTokens == 0, entry.sequence.state != .finished else { continue }
                scheduler.finish(entry.sequence)
                job.group.sequenceDone()
            case .beam(let group, let member):
                // Of all members' rows the leader's is as good a sign as any: they step together.
                guard member == 0 else { continue }
                meter.noteStep(of: group.request, began: began)
                if !entry.wanted.isEmpty { settle(entry.sequence, group) }
            }
        }
        // Draws have kept their tokens in their sample, so all are settled here together.
        var hasSlowReader = false
        for sequence in scheduler.running {
            guard case .generate(let sample) = sequence.purpose, !sample.drawn.isEmpty else { continue }
            if settle(sequence, sample), sample.request.readerIsTooSlow { hasSlowReader = true }
        }
        if hasSlowReader { endSlowReaders() }
        scheduler.publish(plan)
    }

    /// The prompt is computed, or was already.
    private func settlePrompt(of sequence: ScheduledSequence, _ sample: Sample) {
        sequence.state = .decoding
        if let report = sequence.promptReport {
            sample.request.deliver(report)
            sequence.dropPromptReport()
        }
        if sample.tokensLeft == 0 { endWithoutTokens(sample.request) }
    }

    /// The request wanted its prompt computed, and no more.
    private func endWithoutTokens(_ request: ActiveRequest) {
        meter.notePrefilled(request)
        requests[request.id] = nil
        for sequence in request.sequences { sequence.siblings = [] }
        for sequence in request.sequences {
            recorder?.ended(sequence, .length)
            scheduler.finish(sequence)
            if case .generate(let sample) = sequence.purpose { _ = request.finish(sample.end(.length)) }
        }
    }

    /// Write down what was drawn, up to the text's end; all but the last are guesses that came true.
    ///
    /// - Returns: whether its request goes on.
    private func settle(_ sequence: ScheduledSequence, _ sample: Sample) -> Bool {
        var completion: Completion?
        var written = 0
        while completion == nil, written < sample.drawn.count {
            sequence.tokens.append(sample.drawn[written].id)
            completion = sample.write(sample.drawn[written])
            written += 1
        }
        sample.forgetDrawn()
        counters.generatedTokens += written
        meter.noteTokens(of: sample.request, last: &sample.lastTokens)
        scheduler.keep(accepted: written - 1, of: sequence)
        speculator?.settle(sequence, accepted: written - 1)
        guard let completion else { return true }
        recorder?.ended(sequence, completion.finishReason)
        scheduler.finish(sequence)
        scheduler.lengths.record(
            length: completion.completionTokens, isNatural: completion.finishReason == .stop)
        guard sample.request.finish(completion) else { return true }
        requests[sample.request.id] = nil
        return false
    }

    /// Their memory must not grow with every token that they do not take.
    private func endSlowReaders() {
        for request in requests.values.filter(\.readerIsTooSlow) {
            fail(request, .readerTooSlow(tokens: request.delivery.capacity))
        }
    }

    private func settle(_ sequence: ScheduledSequence, _ group: BeamGroup) {
        counters.generatedTokens += 1 + sequence.followers.count
        meter.notePrefilled(group.request)
        if let branches = group.advance() {
            scheduler.branch(sequence, into: branches) { .beam(group, member: $0) }
        } else {
            scheduler.finish(sequence)
            requests[group.request.id] = nil
        }
    }

    private func deliverScores(_ pass: Range<Int>) {
        for entry in plan.entries {
            guard case .score(let job, _) = entry.sequence.purpose, entry.sequence.state != .finished else { continue }
            // Wanted rows are the entry's last ones, and its tokens are already counted as stored.
            let end = entry.sequence.table.tokenCount
            for row in entry.wanted.clamped(to: pass) {
                let position = end - (entry.wanted.upperBound - row)
                guard visit(job, position, row - pass.lowerBound) else { break }
            }
        }
    }

    /// False when the caller's visitor threw: its group then ends.
    private func visit(_ job: ScoringJob, _ position: Int, _ row: Int) -> Bool {
        let logits = UnsafeBufferPointer(
            start: workspace.logits + row * workspace.logitStride, count: model.configuration.vocabularySize)
        do {
            try job.group.visit(job.index, position, logits)
            return true
        } catch {
            end(job.group, error)
            return false
        }
    }

    func end(_ group: ScoringGroup, _ error: any Error) {
        for sequence in group.sequences { scheduler.finish(sequence) }
        group.end(error)
    }

    /// Requests are checked against the cache's size before they are taken, so this does not happen; if it does, the
    /// oldest ends with an error instead of all waiting for ever.
    private func failWhatCannotRun() {
        guard let stuck = scheduler.waiting.first(at: scheduler.steps) else { return }
        logger.error("a sequence cannot be scheduled", metadata: ["tokens": "\(stuck.tokens.count)"])
        let error = RequestError.tooLong(tokens: stuck.tokens.count, capacity: scheduler.cache.tokenCapacity)
        switch stuck.purpose {
        case .generate(let sample): fail(sample.request, error)
        case .beam(let group, _): fail(group.request, error)
        case .score(let job, _):
            end(job.group, error)
        }
    }
}

/// What the engine has done since it was made.
public struct EngineCounters: Sendable, Equatable {
    public internal(set) var promptTokens = 0
    public internal(set) var generatedTokens = 0
    public internal(set) var steps = 0
}
