import Foundation
import Kernels
import Testing

@testable import PagedCache

@Suite struct CacheWorkoutTests {
    private static let operationsPerSeed = 2000

    @Test("allocator, index, forks and swapping do what a plain model of them says", arguments: UInt64(1)...20)
    func random(_ seed: UInt64) throws {
        let crew = try WorkerLanes(threads: 1)
        defer { crew.stop() }
        var workout = try CacheWorkout(seed: seed, crew: crew)
        try workout.run(operations: Self.operationsPerSeed)
    }

    /// `scripts/test-cache` sets it: how many operations.
    private static let asked = ProcessInfo.processInfo.environment["PARTERRE_CACHE_OPERATIONS"].flatMap(Int.init)

    @Test("they do so for as long as is asked for", .enabled(if: asked != nil, "PARTERRE_CACHE_OPERATIONS is not set"))
    func long() throws {
        let crew = try WorkerLanes(threads: 2)
        defer { crew.stop() }
        let seeds = max(1, (Self.asked ?? 0) / Self.operationsPerSeed)
        for seed in 0..<seeds {
            var workout = try CacheWorkout(seed: 1_000_000 + UInt64(seed), crew: crew)
            try workout.run(operations: Self.operationsPerSeed)
        }
    }
}
