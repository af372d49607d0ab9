import Foundation
import Synchronization
import Testing

@testable import Kernels

@Suite("The barrier's tree")
struct CombiningTreeTests {
    private static let machines: [[Range<Int>]] = [
        [0..<1], [0..<2], [0..<8], [0..<9], [0..<192], [0..<1, 1..<2], [0..<64, 64..<128], [0..<96, 96..<96, 96..<101],
        (0..<8).map { $0 * 24..<$0 * 24 + 24 }, [0..<1024],
    ]

    @Test("every lane's path ends at the one root, and each cell waits for as many as come to it", arguments: machines)
    func paths(_ nodes: [Range<Int>]) {
        for most in [2, 3, 8, 2000] {
            let tree = CombiningTree(nodes: nodes, mostMembers: most)
            var comers = tree.members.map { _ in Set<Int>() }  // lanes, and cells as -1 - cell
            for lane in 0..<nodes.last!.upperBound {
                let path = tree.path(from: lane)
                #expect(path.last == tree.members.count - 1, "lane \(lane) of \(nodes)")
                for (place, cell) in path.enumerated() {
                    comers[cell].insert(place == 0 ? lane : -1 - path[place - 1])
                }
            }
            #expect(comers.map(\.count) == tree.members, "\(nodes), at most \(most)")
            #expect(tree.members.allSatisfy { $0 <= most })
        }
    }

    @Test("nodes share no cell but those above all of a node's lanes, and a tree of eight is no higher than it must be")
    func shape() {
        let tree = CombiningTree(nodes: (0..<8).map { $0 * 24..<$0 * 24 + 24 }, mostMembers: 8)
        #expect(tree.members == Array(repeating: [8, 8, 8, 3], count: 8).flatMap { $0 } + [8])
        #expect((0..<192).allSatisfy { tree.path(from: $0).count == 3 })
        #expect(CombiningTree(nodes: [0..<8], mostMembers: 8).members == [8])
        #expect(CombiningTree(nodes: [0..<12], mostMembers: 8).members == [6, 6, 2])
        #expect(CombiningTree(nodes: [0..<1], mostMembers: 8).members == [1])
    }
}

@Suite("Meeting at a tree of cells")
struct CombiningBarrierTests {
    private struct Case: CustomTestStringConvertible {
        var nodes: [Range<Int>]
        var mostMembers: Int
        var spins: Int

        var testDescription: String { "\(nodes), cells of \(mostMembers), \(spins) spins" }
    }

    private static let cases = [
        Case(nodes: [0..<1], mostMembers: 2, spins: 0), Case(nodes: [0..<2], mostMembers: 8, spins: 4000),
        Case(nodes: [0..<7], mostMembers: 2, spins: 0), Case(nodes: [0..<7], mostMembers: 2, spins: 200),
        Case(nodes: [0..<5, 5..<6, 6..<11], mostMembers: 3, spins: 50),
    ]

    @Test("what was written before is seen after, by all and every time", arguments: cases)
    private func meets(_ one: Case) {
        let lanes = one.nodes.last!.upperBound
        let rounds = 400
        let barrier = CombiningBarrier(nodes: one.nodes, spins: one.spins, mostMembers: one.mostMembers)
        let wrong = Atomic<Int>(0)
        let last = Atomic<Int>(0)
        nonisolated(unsafe) let cells = UnsafeMutableBufferPointer<Int>.allocate(capacity: lanes)
        defer { cells.deallocate() }
        cells.initialize(repeating: 0)
        let done = DispatchGroup()
        for lane in 0..<lanes {
            done.enter()
            Thread {
                for round in 1...rounds {
                    cells[lane] = round
                    barrier.meet(lane)
                    if cells.contains(where: { $0 != round }) { wrong.add(1, ordering: .relaxed) }
                    barrier.meet(lane)
                }
                if barrier.isLastToArrive(lane) { last.add(1, ordering: .relaxed) }
                done.leave()
            }.start()
        }
        done.wait()
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(last.load(ordering: .relaxed) == 1, "one lane is the last to arrive")
        #expect(barrier.meetings == 2 * rounds)
    }
}
