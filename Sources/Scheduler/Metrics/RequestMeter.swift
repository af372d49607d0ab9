/// Takes the engine's times and counts. Confined to the engine's queue: no locks, and no memory taken per token.
final class RequestMeter {
    private(set) var metrics = RequestMetrics()
    private let epoch = ContinuousClock.now
    /// Its clock; tests set it.
    var now: () -> ContinuousClock.Instant = { .now }
    /// The moment in which what happens now counts as happening, in nanoseconds since the epoch. The engine sets it twice a
    /// step, so that no token needs a clock of its own.
    private(set) var moment: Int64 = 0
    /// Each duration since the last report, where somebody wants them.
    private var durations: [TimedDuration] = []
    private let keepsDurations: Bool
    private var lastReport: Int64 = 0

    init(keepsDurations: Bool = false) {
        self.keepsDurations = keepsDurations
    }

    func setMoment() { moment = reading() }

    /// The time now, in nanoseconds since the epoch. May be called from anywhere.
    func reading() -> Int64 {
        let (seconds, attoseconds) = (now() - epoch).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Some of the request was computed in a step that began then.
    func noteStep(of request: ActiveRequest, began: Int64) {
        guard request.times.scheduled == nil else { return }
        request.times.scheduled = began
        record(.queueTime, began - request.times.arrival)
    }

    /// The request's prompt is computed, and its first token chosen if it gets one.
    func notePrefilled(_ request: ActiveRequest) {
        guard request.times.prefilled == nil else { return }
        request.times.prefilled = moment
        metrics.promptTokens += request.promptTokens
        record(.prefillTime, moment - (request.times.scheduled ?? moment))
    }

    /// A sample of the request gets tokens; of beam search, at its end.
    ///
    /// - Parameter last: when it got some last.
    func noteTokens(of request: ActiveRequest, last: inout Int64?) {
        notePrefilled(request)
        if !request.times.hasTokens {
            request.times.hasTokens = true
            record(.timeToFirstToken, moment - request.times.arrival)
        }
        if let last { record(.interTokenLatency, moment - last) }
        last = moment
    }

    func noteEnd(ofSample reason: FinishReason) { metrics.finished.count(reason) }

    /// The request's last sample has ended.
    func noteEnd(of request: ActiveRequest) {
        record(.endToEndLatency, moment - request.times.arrival)
        if let prefilled = request.times.prefilled, request.times.hasTokens {
            record(.decodeTime, moment - prefilled)
        }
    }

    private func record(_ timing: RequestTiming, _ nanoseconds: Int64) {
        metrics.record(timing, nanoseconds)
        if keepsDurations { durations.append(TimedDuration(timing: timing, nanoseconds: nanoseconds)) }
    }

    /// Whether those who want each duration should have them now.
    var isReportDue: Bool {
        durations.count >= EngineReport.mostDurations || moment - lastReport >= EngineReport.nanoseconds
    }

    /// The durations since the last report, in the order in which they were taken.
    func takeDurations() -> [TimedDuration] {
        lastReport = moment
        defer {
            durations = []
            durations.reserveCapacity(EngineReport.mostDurations)
        }
        return durations
    }

    func noteAbort() { metrics.finished.abort += 1 }
    func noteError() { metrics.finished.error += 1 }
}

/// When what happened to a request, in nanoseconds of its meter; `nil`: not yet.
struct RequestTimes {
    let arrival: Int64
    var scheduled: Int64?
    var prefilled: Int64?
    var hasTokens = false
}
