/// One worker's view of a parallel job: who it is, its share of the work, and where all workers meet.
public struct Lane: @unchecked Sendable {
    /// 0 ..< count; lanes of a node are neighbours.
    public let index: Int
    public let count: Int
    /// Index into `WorkerLanes.nodes`.
    public let node: Int
    /// 0 ..< lanesOnNode.
    public let indexOnNode: Int
    public let lanesOnNode: Int
    // The crew's. It outlives its lanes: it waits for them in `stop`, and they keep it alive until then. Not references that all
    // lanes would count, at every barrier and dealing, in the same cache line.
    let meeting: Unmanaged<CombiningBarrier>
    let seat: Dealer.Seat

    /// Wait until every lane has come here. What they wrote before is visible after.
    public func barrier() { meeting._withUnsafeGuaranteedRef { $0.meet(index) } }

    /// This lane's contiguous share of `items`, equal but for one.
    public func share(of items: Int) -> Range<Int> {
        Self.share(of: items, index: index, count: count)
    }

    /// This lane's share of what its node holds.
    public func shareOnNode(of items: Range<Int>) -> Range<Int> {
        let own = Self.share(of: items.count, index: indexOnNode, count: lanesOnNode)
        return items.lowerBound + own.lowerBound..<items.lowerBound + own.upperBound
    }

    static func share(of items: Int, index: Int, count: Int) -> Range<Int> {
        items * index / count..<items * (index + 1) / count
    }
}
