/// How fast blocks are copied out and back, learnt from the copies themselves. Recent copies weigh most: the first ones wait
/// for the system to find pages, later ones do not.
public struct CopyRate: Sendable, Equatable {
    private var bytes: Double
    private var seconds: Double

    /// What a copy is taken to do before one was measured: one core's worth of memory bandwidth.
    static let priorBytesPerSecond = 4e9
    /// The prior's weight, in bytes of measured copies.
    private static let priorWeight = 16e6
    /// What is left of the older measurements' weight after one more.
    private static let memory = 0.875

    init() {
        bytes = Self.priorWeight
        seconds = bytes / Self.priorBytesPerSecond
    }

    public var bytesPerSecond: Double { bytes / seconds }

    mutating func record(bytes: Int, seconds: Double) {
        guard bytes > 0, seconds > 0, seconds.isFinite else { return }
        self.bytes = self.bytes * Self.memory + Double(bytes)
        self.seconds = self.seconds * Self.memory + seconds
    }
}
