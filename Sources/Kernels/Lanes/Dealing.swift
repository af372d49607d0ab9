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
        before = lane.seat.begin(open.count)
        counter = lane.seat.counter
    }

    private static func mostAndRest(of items: Range<Int>, lane: Lane) -> (own: Range<Int>, open: Range<Int>) {
        let team = lane.seat.team
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

    /// Where a lane sits: valid while the dealer lives.
    struct Seat: @unchecked Sendable {
        /// The lanes that take open items together, by their indices on the node.
        fileprivate let team: Range<Int>
        /// What the team has taken so far.
        fileprivate let counter: Counter
        /// The lane's own: what was open to its team in all dealings up to now, the present one with it, and a number for each lane.
        fileprivate let begun: UnsafeMutablePointer<Int>

        /// Yields what had begun before.
        fileprivate func begin(_ items: Int) -> Int {
            let before = begun.pointee
            begun.pointee = before + items + team.count
            return before
        }
    }

    private static let cellBytes = 128  // a pair of cache lines

    private let cells: UnsafeMutableRawPointer
    private let seats: [Seat]

    /// - Parameter nodes: the lanes of each NUMA node, one node's behind the other's, from 0 on.
    init(nodes: [Range<Int>], mostInTeam: Int = CombiningBarrier.mostMembers) {
        let teams = nodes.flatMap { CombiningTree.groups(of: $0.count, atMost: mostInTeam) }
        let lanes = teams.reduce(0) { $0 + $1.count }
        let cells = UnsafeMutableRawPointer.allocate(
            byteCount: (teams.count + lanes) * Self.cellBytes, alignment: Self.cellBytes)
        var next = cells
        func cell<Value>(_ value: consuming Value) -> UnsafeMutablePointer<Value> where Value: ~Copyable {
            defer { next += Self.cellBytes }
            let cell = next.bindMemory(to: Value.self, capacity: 1)
            cell.initialize(to: value)
            return cell
        }
        var seats: [Seat] = []
        for team in teams {
            let counter = cell(Atomic(0))
            for _ in team { seats.append(Seat(team: team, counter: counter, begun: cell(0))) }
        }
        self.cells = cells
        self.seats = seats
    }

    deinit { cells.deallocate() }

    func seat(of lane: Int) -> Seat { seats[lane] }
}
