import Dispatch

/// Work that waits for a disk, one piece after another, off Swift's cooperative threads.
package struct DiskQueue: Sendable {
    private let queue: DispatchQueue

    package init(_ label: String) { queue = DispatchQueue(label: label) }

    package func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }

    /// The same for whoever cannot wait.
    package func later(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
