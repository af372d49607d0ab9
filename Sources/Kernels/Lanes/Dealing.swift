import Synchronization

/// A lane's part of a row of items. All of it may be fixed beforehand; or most of it, and the rest goes to whoever comes
/// first, so that lanes end together though the machine does not serve all of them alike. Who computes an item never shows
/// in a result.
struct Dealing {
    private var own: Range<Int>
    private var open = 0..<0
    private var before = 0
    private let lane: Lane

    /// The lane's even share of what its node holds, nothing open.
    init(shareOf items: Range<Int>, lane: Lane) {
        own = lane.shareOnNode(of: items)
        self.lane = lane
    }

    /// Three fourths of an even share, the rest open. A barrier stands between two dealings that leave something open, and
    /// all lanes of a node come to each of them.
    init(mostOf items: Range<Int>, lane: Lane) {
        self.init(shareOf: items, lane: lane)
        guard lane.lanesOnNode > 1 else { return }
        let share = items.count * 3 / 4 / lane.lanesOnNode
        own = items.lowerBound + lane.indexOnNode * share..<items.lowerBound + (lane.indexOnNode + 1) * share
        open = items.lowerBound + lane.lanesOnNode * share..<items.upperBound
        if !open.isEmpty { before = lane.crew.dealer.begin(open.count, lane) }
    }

    /// `nil` once nothing is left; must then not be called again, and must be called until then.
    mutating func next() -> Int? {
        if own.isEmpty {
            guard !open.isEmpty else { return nil }
            let item = open.lowerBound + lane.crew.dealer.take(lane) - before
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
