import Parterre
import Synchronization

/// What has become of the lines so far, shared by the tasks that answer them.
final class Tally: Sendable {
    struct Counts: Equatable, Sendable {
        var answered = 0
        var failed = 0
        /// Already in the output that the run resumes.
        var skipped = 0

        var done: Int { answered + failed + skipped }
    }

    /// Most bad lines that are told on standard error; the output has them all.
    static let mostTold = 10

    private let state = Mutex(Counts())
    private let tell: @Sendable (String) -> Void

    /// - Parameter tell: shows a sentence to the user.
    init(tell: @escaping @Sendable (String) -> Void = { _ in }) { self.tell = tell }

    var counts: Counts { state.withLock { $0 } }

    func answered() { state.withLock { $0.answered += 1 } }

    func skipped() { state.withLock { $0.skipped += 1 } }

    func failed(line: Int, _ error: LineError) {
        let failures = state.withLock { counts in
            counts.failed += 1
            return counts.failed
        }
        if failures <= Self.mostTold { tell("line \(line): \(error.message)") }
        if failures == Self.mostTold { tell("further bad lines are only told in the output") }
    }
}
