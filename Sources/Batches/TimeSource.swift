import Foundation

/// What time it is, so that tests need not wait for it.
package struct TimeSource: Sendable {
    /// Seconds since 1970.
    package var now: @Sendable () -> Int
    /// Wait for about a second.
    ///
    /// - Throws: `CancellationError`.
    package var tick: @Sendable () async throws -> Void

    package init(now: @escaping @Sendable () -> Int, tick: @escaping @Sendable () async throws -> Void) {
        self.now = now
        self.tick = tick
    }

    package static let system = TimeSource(
        now: { Int(Date().timeIntervalSince1970) }, tick: { try await Task.sleep(for: .seconds(1)) })
}
