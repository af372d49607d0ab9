import CLimits
import Foundation
import Kernels

/// What this machine allows, measured with all worker lanes at once: the roof that no engine gets above.
public struct MachineLimits: Sendable, Equatable {
    /// Lanes that measured, as many as an engine with the same `threads` has.
    public var lanes: Int
    /// Bytes per second read from memory, through far more than the caches hold; the best of one and of four streams a lane,
    /// with hints and without.
    public var readBytesPerSecond: Double
    /// Fused multiply-adds of float32 on registers; a multiply-add is two operations.
    public var f32OperationsPerSecond: Double
    /// The same with bf16 pairs; 0 where the CPU has no such instruction.
    public var bf16OperationsPerSecond: Double
    /// The same with groups of four 8-bit integers; 0 where the CPU has no such instruction.
    public var int8OperationsPerSecond: Double
    /// Seconds that one barrier of all lanes takes when nobody is late.
    public var barrierSeconds: Double
    /// Seconds from handing the lanes a job to hearing that all have done it, the job being empty.
    public var jobSeconds: Double

    public init(
        lanes: Int, readBytesPerSecond: Double, f32OperationsPerSecond: Double, bf16OperationsPerSecond: Double,
        int8OperationsPerSecond: Double, barrierSeconds: Double, jobSeconds: Double
    ) {
        self.lanes = lanes
        self.readBytesPerSecond = readBytesPerSecond
        self.f32OperationsPerSecond = f32OperationsPerSecond
        self.bf16OperationsPerSecond = bf16OperationsPerSecond
        self.int8OperationsPerSecond = int8OperationsPerSecond
        self.barrierSeconds = barrierSeconds
        self.jobSeconds = jobSeconds
    }

    /// Operations per second that products with weights of a format (`f32`, `bf16`, `int8`, `int4`) can reach.
    public func operationsPerSecond(weights: String) -> Double {
        switch weights {
        case "bf16": max(bf16OperationsPerSecond, f32OperationsPerSecond)
        case "int8", "int4": int8OperationsPerSecond > 0 ? int8OperationsPerSecond : f32OperationsPerSecond
        default: f32OperationsPerSecond
        }
    }

    /// The better of two measurements: a limit is what was reached when nothing else disturbed.
    public func best(_ other: MachineLimits) -> MachineLimits {
        MachineLimits(
            lanes: lanes, readBytesPerSecond: max(readBytesPerSecond, other.readBytesPerSecond),
            f32OperationsPerSecond: max(f32OperationsPerSecond, other.f32OperationsPerSecond),
            bf16OperationsPerSecond: max(bf16OperationsPerSecond, other.bf16OperationsPerSecond),
            int8OperationsPerSecond: max(int8OperationsPerSecond, other.int8OperationsPerSecond),
            barrierSeconds: min(barrierSeconds, other.barrierSeconds), jobSeconds: min(jobSeconds, other.jobSeconds))
    }

    /// Memory that measuring with that many lanes takes for about a second: many times what a last-level cache holds.
    public static func measuringBytes(lanes: Int) -> Int { laneBytes(lanes) * lanes }

    private static func laneBytes(_ lanes: Int) -> Int {
        max((1 << 30) / lanes, 32 << 20) / 4096 * 4096  // 4 streams of whole stretches of 256
    }

    /// Measure, in about a second and `measuringBytes` of memory. The machine should have nothing else to do.
    ///
    /// - Parameter threads: as of `EngineOptions`; `nil`: one per core.
    /// - Throws: a `UserFacingError` when the lanes or the memory cannot be had.
    public static func measure(threads: Int? = nil) async throws -> MachineLimits {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "parterre.limits", qos: .userInitiated).async {
                continuation.resume(
                    with: Result {
                        let crew = try WorkerLanes(threads: threads)
                        defer { crew.stop() }
                        return try measure(crew)
                    })
            }
        }
    }

    private static func measure(_ crew: WorkerLanes) throws -> MachineLimits {
        let read = try readBytesPerSecond(crew)
        func operations(_ run: (Int64) -> Double) -> Double {
            // A short first round says whether there is such an instruction, and wakes the core's wide units.
            guard run(1000) > 0 else { return 0 }
            return perSecond(crew) { _ in run(1_000_000) }
        }
        return MachineLimits(
            lanes: crew.count, readBytesPerSecond: read, f32OperationsPerSecond: operations(limits_f32),
            bf16OperationsPerSecond: operations(limits_bf16), int8OperationsPerSecond: operations(limits_int8),
            barrierSeconds: barrierSeconds(crew), jobSeconds: jobSeconds(crew))
    }

    private static func readBytesPerSecond(_ crew: WorkerLanes) throws -> Double {
        let bytes = laneBytes(crew.count)
        let regions = try crew.nodes.map { node in
            try NodeRegion(
                byteCount: bytes * node.lanes.count, node: crew.machine.canPlace ? node.id : nil,
                purpose: "measuring how fast memory is read")
        }
        func own(_ lane: Lane) -> Range<Int> { lane.indexOnNode * bytes..<(lane.indexOnNode + 1) * bytes }
        crew.run { lane in regions[lane.node].touch(own(lane)) }
        func read(streams: Int64, ahead: Int64) -> Double {
            perSecond(crew) { lane in
                let sum = limits_read(regions[lane.node].base + own(lane).lowerBound, Int64(bytes), streams, ahead)
                return Double(bytes) + (sum == 0 ? 0 : 1e-9)
            }
        }
        return max(read(streams: 1, ahead: 4096), read(streams: 4, ahead: 4096), read(streams: 1, ahead: 0))
    }

    /// What all lanes do together in a second, in the best of several tries.
    private static func perSecond(_ crew: WorkerLanes, _ work: (Lane) -> Double) -> Double {
        let done = UnsafeMutableBufferPointer<Double>.allocate(capacity: crew.count)
        defer { done.deallocate() }
        var best = 0.0
        let begin = ContinuousClock.now
        for round in 0..<30 where round < 2 || begin.duration(to: .now) < .milliseconds(120) {
            let seconds = seconds { crew.run { lane in done[lane.index] = work(lane) } }
            best = max(best, done.reduce(0, +) / seconds)
        }
        return best
    }

    private static func barrierSeconds(_ crew: WorkerLanes) -> Double {
        let barriers = 1000
        return (0..<5).map { _ in
            seconds { crew.run { lane in for _ in 0..<barriers { lane.barrier() } } } / Double(barriers)
        }.min() ?? 0
    }

    private static func jobSeconds(_ crew: WorkerLanes) -> Double {
        let jobs = 100
        return (0..<5).map { _ in seconds { for _ in 0..<jobs { crew.run { _ in } } } / Double(jobs) }.min() ?? 0
    }

    private static func seconds(_ work: () -> Void) -> Double { ContinuousClock().measure(work) / .seconds(1) }
}
