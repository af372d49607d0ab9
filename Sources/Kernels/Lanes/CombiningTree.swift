/// Who meets whom in a combining barrier: lanes in cells of a few, cells of a NUMA node in cells above, then the nodes.
struct CombiningTree {
    private enum Member {
        case lane(Int)
        case cell(Int)
    }

    /// How many lanes, or cells below, count in each cell; the root is the last.
    private(set) var members: [Int] = []
    // The cell above each cell; the root has none.
    private var above: [Int?] = []
    private var cellOfLane: [Int]
    private let mostMembers: Int

    /// - Parameter nodes: the lanes of each NUMA node, one node's behind the other's, from 0 on.
    init(nodes: [Range<Int>], mostMembers: Int) {
        precondition(mostMembers > 1 && nodes.contains { !$0.isEmpty }, "there are lanes to meet")
        self.mostMembers = mostMembers
        cellOfLane = [Int](repeating: 0, count: nodes.last!.upperBound)
        let parts = nodes.filter { !$0.isEmpty }.map { combine($0.map { .lane($0) }) }
        if case .lane = combine(parts) { _ = makeCell(parts) }
    }

    /// The cells above a lane, its own first, the root last.
    func path(from lane: Int) -> [Int] {
        Array(sequence(first: cellOfLane[lane]) { above[$0] })
    }

    private mutating func combine(_ parts: [Member]) -> Member {
        if parts.count == 1 { return parts[0] }
        if parts.count <= mostMembers { return makeCell(parts) }
        return combine(Self.groups(of: parts.count, atMost: mostMembers).map { combine(Array(parts[$0])) })
    }

    /// So many in a row in as few groups as can be, equal but for one.
    static func groups(of count: Int, atMost most: Int) -> [Range<Int>] {
        let groups = (count + most - 1) / most
        return (0..<groups).map { count * $0 / groups..<count * ($0 + 1) / groups }
    }

    private mutating func makeCell(_ parts: [Member]) -> Member {
        let cell = members.count
        members.append(parts.count)
        above.append(nil)
        for part in parts {
            switch part {
            case .lane(let lane): cellOfLane[lane] = cell
            case .cell(let below): above[below] = cell
            }
        }
        return .cell(cell)
    }
}
