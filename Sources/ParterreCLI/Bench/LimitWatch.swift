import Parterre

/// The machine's limits from run to run: clocks, other programs and other tenants of the hardware change them while a bench
/// takes its minutes, and a run is to be held against what the machine could do just then.
actor LimitWatch {
    private let threads: Int?
    private let clock = ContinuousClock()
    private var latest: MachineLimits
    private var measured: ContinuousClock.Instant
    private var peakBefore = 0
    /// The best that was measured at any time.
    private(set) var best: MachineLimits

    /// Measure for the first time; what was resident by then counts no more.
    init(threads: Int?) async throws {
        self.threads = threads
        latest = try await MachineLimits.measure(threads: threads)
        best = latest
        measured = clock.now
        _ = PeakMemory.reset()
    }

    /// The most memory resident since the first measurement, without what measuring took.
    var peakBytes: Int { max(peakBefore, PeakMemory.bytes) }

    /// The limits as they are now: short runs share a measurement, and where memory is short the last one stands.
    func current() async throws -> MachineLimits {
        guard clock.now - measured > .seconds(2) else { return latest }
        let room = try MachineTopology.current().availableBytes
        guard room > 2 * MachineLimits.measuringBytes(lanes: latest.lanes) else { return latest }
        let peak = peakBytes
        latest = try await MachineLimits.measure(threads: threads)
        best = best.best(latest)
        measured = clock.now
        // Where the peak cannot be set back, it keeps what measuring took.
        if PeakMemory.reset() { peakBefore = peak }
        return latest
    }
}
