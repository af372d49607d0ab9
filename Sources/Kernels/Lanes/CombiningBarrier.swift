import CKernels
import Synchronization

/// Where all lanes meet: a combining tree (Yew, Tzeng and Lawrie, 1987). A few lanes of a node count themselves in a cell
/// that only they touch; the last of them goes on to the cell above, where it counts for all, and so on up to the root. Each
/// waits where it was not the last, and as soon as that cell opens it opens those below in which it was. So what a meeting
/// costs grows with the height of the tree, not with the number of lanes that fight for one cache line, and nodes
/// exchange one line each.
final class CombiningBarrier: @unchecked Sendable {
    /// Lanes, or cells below, that count in one cell: as many cores as often share a last-level cache.
    static let mostMembers = 8

    private struct Cell {
        static let bytes = 256  // two pairs of cache lines: those who still arrive do not disturb those who wait
        let memory: UnsafeMutableRawPointer
        let members: Int

        var arrived: UnsafeMutablePointer<Atomic<Int>> { memory.assumingMemoryBound(to: Atomic<Int>.self) }
        var generation: UnsafeMutablePointer<Atomic<Int>> {
            (memory + Self.bytes / 2).assumingMemoryBound(to: Atomic<Int>.self)
        }
    }

    private let memory: UnsafeMutableRawPointer
    /// The cells above a lane, its own group's first, the root last.
    private let paths: UnsafeMutablePointer<Cell>
    private let firstOfPath: UnsafeMutablePointer<Int>
    private let root: Cell
    private let spins: Int
    private let parking = ParkingLot()

    /// - Parameters:
    ///   - nodes: the lanes of each NUMA node, one node's behind the other's, from 0 on.
    ///   - spins: looks before a waiting lane goes to sleep.
    init(nodes: [Range<Int>], spins: Int, mostMembers: Int = CombiningBarrier.mostMembers) {
        let tree = CombiningTree(nodes: nodes, mostMembers: mostMembers)
        let cells = tree.members.count
        let memory = UnsafeMutableRawPointer.allocate(byteCount: cells * Cell.bytes, alignment: Cell.bytes)
        func cell(_ index: Int) -> Cell { Cell(memory: memory + index * Cell.bytes, members: tree.members[index]) }
        for index in 0..<cells {
            cell(index).arrived.initialize(to: Atomic(0))
            cell(index).generation.initialize(to: Atomic(0))
        }
        let found = (0..<nodes.last!.upperBound).map { tree.path(from: $0).map(cell) }
        paths = .allocate(capacity: found.map(\.count).reduce(0, +))
        firstOfPath = .allocate(capacity: found.count + 1)
        var first = 0
        for (lane, path) in found.enumerated() {
            firstOfPath[lane] = first
            for cell in path {
                (paths + first).initialize(to: cell)
                first += 1
            }
        }
        firstOfPath[found.count] = first
        root = cell(cells - 1)
        self.memory = memory
        self.spins = spins
    }

    deinit {
        memory.deallocate()
        paths.deallocate()
        firstOfPath.deallocate()
    }

    /// How often all have met.
    var meetings: Int { root.generation.pointee.load(ordering: .acquiring) }

    /// Wait until every lane has come here. What they wrote before is visible after.
    func meet(_ lane: Int) {
        let first = firstOfPath[lane]
        let end = firstOfPath[lane + 1]
        var place = first
        while place < end {
            let cell = paths[place]
            let before = cell.generation.pointee.load(ordering: .acquiring)  // it cannot end before this lane counts
            guard isLast(cell) else {
                wait(cell, past: before)
                break
            }
            place += 1
        }
        while place > first {
            place -= 1
            open(paths[place])
        }
    }

    /// Count the lane, wait for nobody. Yields whether it is the last of all, who sees what the others wrote before. Nobody may
    /// come here again before it has.
    func isLastToArrive(_ lane: Int) -> Bool {
        for place in firstOfPath[lane]..<firstOfPath[lane + 1] {
            guard isLast(paths[place]) else { return false }
        }
        return true
    }

    private func isLast(_ cell: Cell) -> Bool {
        guard cell.arrived.pointee.add(1, ordering: .acquiringAndReleasing).newValue == cell.members else {
            return false
        }
        cell.arrived.pointee.store(0, ordering: .relaxed)  // nobody comes again before the cell opens
        return true
    }

    private func open(_ cell: Cell) {
        cell.generation.pointee.add(1, ordering: .sequentiallyConsistent)
        parking.wakeAll()
    }

    private func wait(_ cell: Cell, past old: Int) {
        for _ in 0..<spins {
            if cell.generation.pointee.load(ordering: .acquiring) != old { return }
            pk_spin_hint()
        }
        parking.sleep { cell.generation.pointee.load(ordering: .sequentiallyConsistent) != old }
    }
}
