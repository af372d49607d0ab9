import Synchronization

/// Panels of a matrix, dealt out to whichever lane of their node asks first, so that a lane whose core is busy with something
/// else holds up nobody. For work whose result does not depend on who does it, as packing.
public final class PanelQueue: Sendable {
    private final class Counter: Sendable { let taken = Atomic<Int>(0) }

    private let panelsByNode: [Range<Int>]
    private let counters: [Counter]
    private let panelBytes: Int

    public init(_ plan: PanelPlan) {
        panelsByNode = plan.panelsByNode
        counters = plan.panelsByNode.map { _ in Counter() }
        panelBytes = plan.panelBytes
    }

    /// The next panels of the lane's node; `nil` when all are taken.
    public func next(for lane: Lane) -> Range<Int>? {
        let panels = panelsByNode[lane.node]
        // About a huge page at a time: two lanes that touch the same new page would both make it.
        let most = max(1, (2 << 20) / panelBytes)
        let count = min(most, max(1, panels.count / (2 * lane.lanesOnNode)))
        let first = counters[lane.node].taken.add(count, ordering: .relaxed).oldValue
        guard first < panels.count else { return nil }
        return panels.lowerBound + first..<panels.lowerBound + min(first + count, panels.count)
    }
}
