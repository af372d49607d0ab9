import Parterre

/// Everything that a run of `parterre bench` found out.
struct BenchReport: Sendable {
    var model: String
    /// `f32`, `bf16`, …
    var weights: String
    /// Of keys and values: `f32` or `bf16`.
    var cache: String
    var isa: String
    var sizes: WorkloadSizes
    var contextIsRandom: Bool
    /// The best that were measured at any time of the run.
    var limits: MachineLimits
    var cost: ModelCost
    var weightBytes: Int
    var loadSeconds: Double
    var peakBytes: Int
    var workloads: [WorkloadFigures] = []

    /// Operations per second that the weights' format allows.
    var peak: Double { limits.operationsPerSecond(weights: weights) }

    var results: [WorkloadResult] { workloads.map { WorkloadResult($0, of: self) } }
}

/// One workload's figures, beside what the machine allows.
struct WorkloadResult: Sendable, Equatable {
    var workload: Workload
    /// Tokens per second of each run, in the order they were made.
    var runs: [Double]
    /// Their median.
    var tokensPerSecond: Double?
    var spread: Double?
    /// Bytes per second that memory gave beside each run, in the same order.
    var readLimits: [Double]
    /// What the machine allowed each run, in the same order, and the median; empty where there is no such bound.
    var bounds: [Double]
    var bound: Double?
    /// Medians of each run's share of what the machine allowed it.
    var shareOfBound: Double?
    /// Median seconds that a run was timed for.
    var seconds: Double?
    /// Seconds, p50 and p95, over all requests and runs.
    var firstToken: [Double?]
    var gap: [Double?]
    var operationsPerSecond: Double?
    var shareOfPeak: Double?
    var bytesPerSecond: Double?
    var shareOfBandwidth: Double?
    /// Operations per second that peak and bandwidth leave to work that does as many operations a byte, and the share of it.
    var roof: Double?
    var shareOfRoof: Double?
    var context: Double?
    var attention: Attention?
    var barriersPerStep: Double?
    var preemptions: Int
    var swaps: Int
    var promptShareReused: Double?

    /// Attention behind a long context: its part of the step's least bytes, and what it reached.
    struct Attention: Sendable, Equatable {
        /// Of the bytes that a step must read, keys and values.
        var shareOfBytes: Double
        var shareOfTime: Double
        var bytesPerSecond: Double
        var shareOfBandwidth: Double
    }

    var isLong: Bool {
        if case .long = workload { true } else { false }
    }

    init(_ figures: WorkloadFigures, of report: BenchReport) {
        workload = figures.workload
        runs = figures.runs.map(\.tokensPerSecond)
        tokensPerSecond = Statistics.median(runs)
        spread = Statistics.spread(runs)
        readLimits = figures.runs.map { ($0.limits ?? report.limits).readBytesPerSecond }
        bounds = figures.runs.compactMap { run in
            let limits = run.limits ?? report.limits
            return report.cost.bound(
                figures.workload, context: figures.context ?? 0, bandwidth: limits.readBytesPerSecond,
                peak: limits.operationsPerSecond(weights: report.weights))
        }
        bound = Statistics.median(bounds)
        shareOfBound = Statistics.median(zip(runs, bounds).map { $0 / $1 })
        seconds = Statistics.median(figures.runs.map(\.seconds))
        func quantiles(_ values: [Double]) -> [Double?] { [50, 95].map { Statistics.percentile($0, of: values) } }
        firstToken = quantiles(figures.runs.flatMap(\.firstToken))
        gap = quantiles(figures.runs.flatMap(\.gaps))
        let timed = figures.runs.filter { $0.seconds > 0 && $0.work != Work() }
        let rates = timed.map { Rates($0, of: report) }
        operationsPerSecond = Statistics.median(rates.map(\.operations))
        bytesPerSecond = Statistics.median(rates.map(\.bytes))
        shareOfPeak = Statistics.median(rates.map { $0.operations / $0.peak })
        shareOfBandwidth = Statistics.median(rates.map { $0.bytes / $0.bandwidth })
        roof = Statistics.median(rates.map(\.roof))
        shareOfRoof = Statistics.median(rates.map { $0.operations / $0.roof })
        context = figures.context
        attention = figures.attention.map { attention in
            let cache = figures.runs.reduce(0) { $0 + $1.work.cacheBytes }
            let all = figures.runs.reduce(0) { $0 + $1.work.bytes }
            return Attention(
                shareOfBytes: all > 0 ? cache / all : 0, shareOfTime: attention.shareOfTime,
                bytesPerSecond: attention.bytesPerSecond,
                shareOfBandwidth: attention.bytesPerSecond
                    / (Statistics.median(rates.map(\.bandwidth)) ?? report.limits.readBytesPerSecond))
        }
        barriersPerStep = figures.steps > 0 ? Double(figures.barriers) / Double(figures.steps) : nil
        preemptions = figures.preemptions
        swaps = figures.swaps
        promptShareReused = figures.promptShareReused
    }
}

/// What a run did in a second, and what the machine allowed it.
private struct Rates {
    var operations: Double
    var bytes: Double
    var peak: Double
    var bandwidth: Double

    var roof: Double { min(peak, operations / bytes * bandwidth) }

    init(_ run: RunFigures, of report: BenchReport) {
        let limits = run.limits ?? report.limits
        operations = run.work.operations / run.seconds
        bytes = run.work.bytes / run.seconds
        peak = limits.operationsPerSecond(weights: report.weights)
        bandwidth = limits.readBytesPerSecond
    }
}
