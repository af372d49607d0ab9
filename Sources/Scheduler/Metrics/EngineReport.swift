/// What is timed of a request.
public enum RequestTiming: Int, Sendable, CaseIterable {
    case timeToFirstToken, interTokenLatency, endToEndLatency, queueTime, prefillTime, decodeTime
}

/// One duration as it was taken.
package struct TimedDuration: Sendable, Equatable {
    package let timing: RequestTiming
    package let nanoseconds: Int64
}

/// What the engine has counted so far, and each duration since the last report: for those who keep no histograms of ours.
package struct EngineReport: Sendable {
    package let status: BatchEngineStatus
    package let durations: [TimedDuration]

    /// Durations that are gathered before they are reported.
    static let mostDurations = 1024
    /// Time after which a running engine reports what there is.
    static let nanoseconds: Int64 = 1_000_000_000
}
