import AllocationCount
import Benchmark
import Foundation
import Parterre

extension BenchmarkMetric {
    /// Operations per second, in billions: a multiplication is one, an addition another.
    static let operations = BenchmarkMetric.custom("Gop/s", polarity: .prefersLarger, useScalingFactor: false)
    /// Bytes that must be read per second, in billions.
    static let bytes = BenchmarkMetric.custom("GB/s", polarity: .prefersLarger, useScalingFactor: false)
    /// Time that the machine's limits allow over the time taken, in percent.
    static let share = BenchmarkMetric.custom("% of limit", polarity: .prefersLarger, useScalingFactor: false)
    /// Blocks of memory asked for; 0 in a hot loop.
    static let allocations = BenchmarkMetric.custom("allocations", useScalingFactor: false)
}

/// What one iteration does at least.
struct Work {
    var operations = 0.0
    /// Zero where the work stays in the caches.
    var bytes = 0.0
    /// Operations per second that the machine's limits allow for this arithmetic; `nil`: no limit is known.
    var peak: Double?

    static let metrics: [BenchmarkMetric] = [.wallClock, .operations, .bytes, .share, .allocations]

    /// Runs `body` once and gives its figures to the benchmark.
    func measure(_ benchmark: Benchmark, limits: MachineLimits?, _ body: () -> Void) {
        let allocations = allocation_count()
        let begin = ContinuousClock.now
        body()
        let seconds = begin.duration(to: .now) / .seconds(1)
        let asked = allocation_count() - allocations
        func whole(_ value: Double) -> Int { Int(value.rounded()) }
        if operations > 0 { benchmark.measurement(.operations, whole(operations / seconds / 1e9)) }
        if bytes > 0 { benchmark.measurement(.bytes, whole(bytes / seconds / 1e9)) }
        if let limits {
            let least = max(bytes / limits.readBytesPerSecond, peak.map { operations / $0 } ?? 0)
            benchmark.measurement(.share, whole(100 * least / seconds))
        }
        if allocations >= 0 { benchmark.measurement(.allocations, Int(asked)) }
    }
}

/// A benchmark's state, made before its clock starts, and its one iteration.
protocol Workload {
    /// What the next iteration does.
    var work: Work { get }
    /// `nil` where limits of the machine say nothing.
    var limits: MachineLimits? { get }
    mutating func run()
}

/// Registers a workload under its name.
func register<Measured: Workload>(_ name: String, _ make: @escaping () async throws -> Measured) {
    Benchmark(name, configuration: .init(metrics: Work.metrics)) { benchmark, box in
        box.value.work.measure(benchmark, limits: box.value.limits) { box.value.run() }
    } setup: {
        Box(try await make())
    }
}

private final class Box<Value> {
    var value: Value

    init(_ value: Value) { self.value = value }
}
