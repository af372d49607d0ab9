import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as a request to end well; a second one ends at once.
final class Interrupt: Sendable {
    private let count = Atomic<Int>(0)

    var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    init() {}

    /// Listen from now on, until the process ends.
    func listen(first: @escaping @Sendable () -> Void, again: @escaping @Sendable () -> Void) {
        for name in [SIGINT, SIGTERM] {
            signal(name, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: name, queue: Self.queue)
            source.setEventHandler { [self] in
                if count.add(1, ordering: .relaxed).oldValue == 0 { first() } else { again() }
            }
            source.resume()
            Self.sources.withLock { $0.append(Kept(source: source)) }
        }
    }

    /// Ask as a signal does; for tests.
    func request() { count.add(1, ordering: .relaxed) }

    private static let queue = DispatchQueue(label: "parterre.signals", qos: .userInteractive)
    private static let sources = Mutex<[Kept]>([])

    /// A source stops when it is released. It is only kept here, never used from two threads.
    private struct Kept: @unchecked Sendable {
        let source: any DispatchSourceSignal
    }
}
