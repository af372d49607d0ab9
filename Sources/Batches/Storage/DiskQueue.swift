import Dispatch

/// Work that waits for a disk, one piece after another, off Swift's cooperative threads.
package struct DiskQueue: Sendable {
    private let queue: DispatchQueue

    package init(_ label: String) { queue = DispatchQueue(label: label) }

    package func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        let piece = Piece(work)
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: piece.done()) }
        }
    }

    /// The same for whoever cannot wait.
    package func later(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}

/// Work that is let go of before its result is told: Dispatch keeps its block for a moment longer, and who has the result may
/// want what the work held, as a folder's lock.
private final class Piece<T>: @unchecked Sendable {
    private var work: (@Sendable () throws -> T)?

    init(_ work: @escaping @Sendable () throws -> T) { self.work = work }

    func done() -> Result<T, any Error> {
        defer { work = nil }
        return Result { try work!() }
    }
}
