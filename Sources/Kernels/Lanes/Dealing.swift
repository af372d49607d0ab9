import Synchronization

/// A lane's part of a row of items. All of it may be fixed beforehand; or most of it, and the rest goes to whoever comes
/// first, so that lanes end together though the machine does not serve all of them alike. Who computes an item never shows
/// in a result.
struct Dealing {
    private var own: Range<Int>
    private var open = 0..<0
    private var before = 0
    private var counter: Dealer.Counter?  // the team's; not looked up for each item

    /// The lane's even share of what its node holds, nothing open.
    init(shareOf items: Range<Int>, lane: Lane) {
        own = lane.shareOnNode(of: items)
    }

    /// Three fourths of an even share, the rest open to the lane's team. A barrier stands between two dealings that leave
    /// something open, and all lanes of a node come to each of them.
    init(mostOf items: Range<Int>, lane: Lane) {
        self.init(shareOf: items, lane: lane)
        (own, open) = Self.mostAndRest(of: items, lane: lane)
        guard !open.isEmpty else { return }
        before = lane.crew.dealer.begin(open.count, lane)
        counter = lane.crew.dealer.counter(of: lane)
    }

    private static func mostAndRest(of items: Range<Int>, lane: Lane) -> (own: Range<Int>, open: Range<Int>) {
        let team = lane.crew.dealer.team(of: lane)
        guard team.count > 1 else { return (lane.shareOnNode(of: items), 0..<0) }
        let first = items.lowerBound + items.count * team.lowerBound / lane.lanesOnNode
        let end = items.lowerBound + items.count * team.upperBound / lane.lanesOnNode
        let share = (end - first) * 3 / 4 / team.count
        let own = first + (lane.indexOnNode - team.lowerBound) * share
        return (own..<own + share, first + team.count * share..<end)
    }

    /// The first item of the lane's own, if it has any.
    static func first(ofMost items: Range<Int>, lane: Lane) -> Int? { mostAndRest(of: items, lane: lane).own.first }

    /// `nil` once nothing is left; must then not be called again, and must be called until then.
    @inline(__always)
    mutating func next() -> Int? {
        if own.isEmpty {
            guard let counter else { return nil }
            // Wrapping, which it never does: what traps would be a loop around a compare and exchange.
            let item = open.lowerBound + counter.pointee.wrappingAdd(1, ordering: .relaxed).oldValue - before
            return item < open.upperBound ? item : nil
        }
        defer { own = own.lowerBound + 1..<own.upperBound }
        return own.lowerBound
    }
}

/// Counts, for each team, what its lanes have taken of the open items of one dealing after the other. A team is some lanes of a
/// node, so few that they do not wait for each other's counting. Nothing is ever set back: each lane takes one number beyond a
/// dealing's items, so all know where the next begins. A barrier stands between two dealings.
final class Dealer: @unchecked Sendable {
    fileprivate typealias Counter = UnsafeMutablePointer<Atomic<Int>>

    private static let cellBytes = 128  // a pair of cache lines

    /// A lane's own.
    private struct LaneCell {
        /// What was open to its team in all dealings up to now, the present one with it, and a number for each lane.
        var begun = 0
        let team: Int
        /// By their indices on the node.
        let lanes: Range<Int>
    }

    private let cells: UnsafeMutableRawPointer
    private let teams: Int

    /// - Parameter nodes: the lanes of each NUMA node, one node's behind the other's, from 0 on.
    init(nodes: [Range<Int>], mostInTeam: Int = CombiningBarrier.mostMembers) {
        let all = nodes.map { CombiningTree.groups(of: $0.count, atMost: mostInTeam) }
        teams = all.map(\.count).reduce(0, +)
        cells = .allocate(
            byteCount: (teams + (nodes.last?.upperBound ?? 0)) * Self.cellBytes, alignment: Self.cellBytes)
        var team = 0
        for (node, groups) in zip(nodes, all) {
            for lanes in groups {
                taken(team).initialize(to: Atomic(0))
                for lane in lanes { cell(node.lowerBound + lane).initialize(to: LaneCell(team: team, lanes: lanes)) }
                team += 1
            }
        }
    }

    deinit { cells.deallocate() }

    private func taken(_ team: Int) -> Counter {
        (cells + team * Self.cellBytes).assumingMemoryBound(to: Atomic<Int>.self)
    }

    private func cell(_ lane: Int) -> UnsafeMutablePointer<LaneCell> {
        (cells + (teams + lane) * Self.cellBytes).assumingMemoryBound(to: LaneCell.self)
    }

    /// The lanes that take open items together, by their indices on the node.
    fileprivate func team(of lane: Lane) -> Range<Int> { cell(lane.index).pointee.lanes }

    fileprivate func begin(_ items: Int, _ lane: Lane) -> Int {
        let cell = cell(lane.index)
        let before = cell.pointee.begun
        cell.pointee.begun = before + items + cell.pointee.lanes.count
        return before
    }

    /// What the lane's team has taken so far.
    fileprivate func counter(of lane: Lane) -> Counter { taken(cell(lane.index).pointee.team) }
}
