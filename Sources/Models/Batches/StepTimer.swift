/// Where a step's time goes, on the first lane's clock. Kinds of work change at barriers, so a wait for slower lanes counts
/// as the work that was waited for.
public struct StepTimer: Sendable {
    enum Work {
        case products
        case attention
        case head
    }

    /// Seconds in all layers but for their attention.
    public private(set) var products = 0.0
    public private(set) var attention = 0.0
    /// Seconds after the layers: the head, and what its caller makes of it.
    public private(set) var head = 0.0

    private var work = Work.products
    private var since = ContinuousClock.now

    init() {}

    mutating func enter(_ next: Work) {
        let now = ContinuousClock.now
        let seconds = since.duration(to: now) / .seconds(1)
        switch work {
        case .products: products += seconds
        case .attention: attention += seconds
        case .head: head += seconds
        }
        work = next
        since = now
    }

    /// The step is done, and all its time is counted.
    public mutating func stop() { enter(work) }
}
