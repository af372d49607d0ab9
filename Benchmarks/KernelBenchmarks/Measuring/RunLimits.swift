import Foundation
import Parterre

/// What the machine allows, measured once in a run: the tool starts a process for each benchmark, so the first one leaves
/// a note for the others.
enum RunLimits {
    static func get() async throws -> MachineLimits {
        if let limits = try? read() { return limits }
        let first = try await MachineLimits.measure()
        let limits = first.best(try await MachineLimits.measure())
        try? write(limits)
        return limits
    }

    /// Named after the tool's process, which lives as long as the run.
    private static var note: URL {
        FileManager.default.temporaryDirectory.appending(path: "parterre-limits-\(getppid()).json")
    }

    private static let longestRun: TimeInterval = 7200

    private static func read() throws -> MachineLimits? {
        let age = try note.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
        // Another run's tool may have had the same number.
        guard let age, -age.timeIntervalSinceNow < longestRun else { return nil }
        let numbers = try JSONDecoder().decode([Double].self, from: Data(contentsOf: note))
        guard numbers.count == 7 else { return nil }
        return MachineLimits(
            lanes: Int(numbers[0]), readBytesPerSecond: numbers[1], f32OperationsPerSecond: numbers[2],
            bf16OperationsPerSecond: numbers[3], int8OperationsPerSecond: numbers[4], barrierSeconds: numbers[5],
            jobSeconds: numbers[6])
    }

    private static func write(_ limits: MachineLimits) throws {
        let numbers = [
            Double(limits.lanes), limits.readBytesPerSecond, limits.f32OperationsPerSecond,
            limits.bf16OperationsPerSecond, limits.int8OperationsPerSecond, limits.barrierSeconds, limits.jobSeconds,
        ]
        try JSONEncoder().encode(numbers).write(to: note, options: .atomic)
    }
}
