import Synchronization

/// A lane's part of a row of items, most of it fixed beforehand; the rest goes to whoever comes first, so that lanes end
/// together though the machine does not serve all of them alike. Who computes an item never shows in a result.
struct Dealing {
    private var own: Range<Int>
    private let open: Range<Int>
    private let dealer: Dealer
    private let lane: Lane
    private let before: Int

    /// - Parameter fixed: so many fourths of the items are dealt beforehand.
    init(of items: Range<Int>, fixed: Int, dealer: Dealer, lane: Lane) {
        let share = lane.lanesOnNode == 1 ? items.count : items.count * fixed / 4 / lane.lanesOnNode
        own = items.lowerBound + lane.indexOnNode * share..<items.lowerBound + (lane.indexOnNode + 1) * share
        open = items.lowerBound + lane.lanesOnNode * share..<items.upperBound
        self.dealer = dealer
        self.lane = lane
        before = open.isEmpty ? 0 : dealer.begin(open.count, lane)
    }

    /// `nil` once nothing is left; must then not be called again, and must be called until then.
    mutating func next() -> Int? {
        if own.isEmpty {
            guard !open.isEmpty else { return nil }
            let item = open.lowerBound + dealer.take(lane) - before
            return item < open.upperBound ? item : nil
        }
        defer { own = own.lowerBound + 1..<own.upperBound }
        return own.lowerBound
    }
}

/// Counts, for each node, what its lanes have taken of the open items of one dealing after the other. Nothing is ever set
/// back: each lane takes one number beyond a dealing's items, so all know where the next begins. A barrier stands between
/// two dealings.
final class Dealer: @unchecked Sendable {
    private static let cellBytes = 128  // a pair of cache lines

    private let cells: UnsafeMutableRawPointer
    private let nodes: Int

    init(nodes: Int, lanes: Int) {
        self.nodes = nodes
        cells = .allocate(byteCount: (nodes + lanes) * Self.cellBytes, alignment: Self.cellBytes)
        for cell in 0..<nodes { taken(cell).initialize(to: Atomic(0)) }
        for cell in 0..<lanes { begun(cell).initialize(to: 0) }
    }

    deinit { cells.deallocate() }

    private func taken(_ node: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        (cells + node * Self.cellBytes).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Only its lane's: what was taken on its node in all dealings up to now, the present one with it.
    private func begun(_ lane: Int) -> UnsafeMutablePointer<Int> {
        (cells + (nodes + lane) * Self.cellBytes).assumingMemoryBound(to: Int.self)
    }

    fileprivate func begin(_ items: Int, _ lane: Lane) -> Int {
        let begun = begun(lane.index)
        let before = begun.pointee
        begun.pointee = before + items + lane.lanesOnNode
        return before
    }

    fileprivate func take(_ lane: Lane) -> Int {
        taken(lane.node).pointee.add(1, ordering: .relaxed).oldValue
    }
}
