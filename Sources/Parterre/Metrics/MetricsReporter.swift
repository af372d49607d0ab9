import Dispatch
import Metrics
import Scheduler

/// Passes on to swift-metrics what the engine has counted: a bunch at a time and on a queue of its own, so that no backend's
/// lock or memory stands in the way of a step. Handlers are made once, with one dimension, the model's name.
final class MetricsReporter: Sendable {
    private let queue = DispatchQueue(label: "parterre.metrics", qos: .utility)
    private let instruments: Instruments

    /// `nil` for a factory that throws everything away.
    init?(_ factory: any MetricsFactory, model: String) {
        if factory is NOOPMetricsHandler { return nil }
        instruments = Instruments(factory, model: model)
    }

    func report(_ report: EngineReport) {
        queue.async { [instruments] in instruments.update(report) }
    }

    /// All that was reported until now has been passed on when this returns.
    func flush() async {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
    }
}

/// The handlers. Confined to the reporter's queue.
private final class Instruments: @unchecked Sendable {
    /// Passes on by how much a count has grown.
    private struct Growing {
        let counter: Counter
        var last = 0

        mutating func update(_ count: Int) {
            if count > last { counter.increment(by: count - last) }
            last = count
        }
    }

    private typealias Reading = (EngineStatus) -> Int

    private let gauges: [(gauge: Gauge, value: (EngineStatus) -> Double)]
    private var counters: [(counter: Growing, count: Reading)]
    private var reasons: [Growing]
    /// By `RequestTiming`.
    private let timers: [Timer]

    init(_ factory: any MetricsFactory, model: String) {
        let dimensions = [(MetricName.modelLabel, model)]
        func gauge(_ name: String, _ value: @escaping (EngineStatus) -> Double) -> (Gauge, (EngineStatus) -> Double) {
            (Gauge(label: name, dimensions: dimensions, factory: factory), value)
        }
        func counter(_ name: String, _ count: @escaping Reading) -> (Growing, Reading) {
            (Growing(counter: Counter(label: name, dimensions: dimensions, factory: factory)), count)
        }
        gauges = [
            gauge(MetricName.requestsRunning) { Double($0.runningSequences) },
            gauge(MetricName.requestsWaiting) { Double($0.waitingSequences) },
            gauge(MetricName.cacheUse) { $0.cacheUse },
            gauge(MetricName.cacheBlocksKept) { Double($0.cacheBlocksKept) },
            gauge(MetricName.swapBlocksUsed) { Double($0.swapBlocksUsed) },
        ]
        counters = [
            counter(MetricName.prefixCacheQueries, \.prefixCacheQueries),
            counter(MetricName.prefixCacheHits, \.prefixCacheHits),
            counter(MetricName.preemptions, \.preemptions),
            counter(MetricName.promptTokens, \.requests.promptTokens),
            counter(MetricName.generationTokens, \.generatedTokens),
            counter(MetricName.draftedTokens, \.draftedTokens),
            counter(MetricName.acceptedTokens, \.acceptedTokens),
            counter(MetricName.computedPromptTokens, \.promptTokens),
            counter(MetricName.prefixCacheEvictions, \.prefixCacheEvictions),
            counter(MetricName.swaps, \.swaps),
            counter(MetricName.steps, \.steps),
        ]
        reasons = FinishCounts().byReason.map { reason, _ in
            Growing(
                counter: Counter(
                    label: MetricName.requestSuccess, dimensions: dimensions + [(MetricName.reasonLabel, reason)],
                    factory: factory))
        }
        timers = RequestTiming.allCases.map {
            Timer(label: $0.metricName, dimensions: dimensions, preferredDisplayUnit: .seconds, factory: factory)
        }
    }

    func update(_ report: EngineReport) {
        let status = EngineStatus(report.status)
        for (gauge, value) in gauges { gauge.record(value(status)) }
        for index in counters.indices { counters[index].counter.update(counters[index].count(status)) }
        for (index, reason) in status.requests.finished.byReason.enumerated() { reasons[index].update(reason.count) }
        for duration in report.durations { timers[duration.timing.rawValue].recordNanoseconds(duration.nanoseconds) }
    }
}

extension RequestTiming {
    var metricName: String {
        switch self {
        case .timeToFirstToken: MetricName.timeToFirstToken
        case .interTokenLatency: MetricName.interTokenLatency
        case .endToEndLatency: MetricName.endToEndLatency
        case .queueTime: MetricName.queueTime
        case .prefillTime: MetricName.prefillTime
        case .decodeTime: MetricName.decodeTime
        }
    }
}
