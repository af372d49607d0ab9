package import Forms
import Parterre
import Synchronization

/// What has become of the lines so far, shared by the tasks that answer them.
package final class Tally: Sendable {
    package struct Counts: Equatable, Sendable {
        package var answered = 0
        package var failed = 0
        /// Already in the output that the run resumes.
        package var skipped = 0

        package init(answered: Int = 0, failed: Int = 0, skipped: Int = 0) {
            self.answered = answered
            self.failed = failed
            self.skipped = skipped
        }

        package var done: Int { answered + failed + skipped }
    }

    /// Most bad lines that are told on standard error; the output has them all.
    package static let mostTold = 10

    private let state = Mutex(Counts())
    private let tell: @Sendable (String) -> Void

    /// - Parameter tell: shows a sentence to the user.
    package init(tell: @escaping @Sendable (String) -> Void = { _ in }) { self.tell = tell }

    package var counts: Counts { state.withLock { $0 } }

    package func answered() { state.withLock { $0.answered += 1 } }

    package func skipped() { state.withLock { $0.skipped += 1 } }

    package func failed(line: Int, _ error: FieldError) {
        let failures = state.withLock { counts in
            counts.failed += 1
            return counts.failed
        }
        if failures <= Self.mostTold { tell("line \(line): \(error.message)") }
        if failures == Self.mostTold { tell("further bad lines are only told in the output") }
    }
}
