import Synchronization
import Testing

@testable import Kernels

@Suite struct WorkerLanesTests {
    @Test("shares of any amount of work are disjoint and cover it", arguments: [0, 1, 2, 5, 64, 1000])
    func shares(_ items: Int) {
        for count in 1...9 {
            var next = 0
            for index in 0..<count {
                let share = Lane.share(of: items, index: index, count: count)
                #expect(share.lowerBound == next)
                next = share.upperBound
            }
            #expect(next == items)
        }
    }

    @Test(
        "what lanes wrote before a barrier all of them see after it, also with more lanes than cores",
        arguments: [1, 2, 3, 8])
    func barriers(_ threads: Int) throws {
        let crew = try WorkerLanes(threads: threads)
        defer { crew.stop() }
        let rounds = 60
        let wrong = Atomic<Int>(0)
        let cells = UnsafeMutableBufferPointer<Int>.allocate(capacity: threads)
        defer { cells.deallocate() }
        cells.initialize(repeating: 0)
        nonisolated(unsafe) let shared = cells
        for job in 0..<20 {
            crew.run { lane in
                for round in 1...rounds {
                    shared[lane.index] = job * rounds + round
                    lane.barrier()
                    if shared.contains(where: { $0 != job * rounds + round }) { wrong.add(1, ordering: .relaxed) }
                    lane.barrier()
                }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(cells.allSatisfy { $0 == 20 * rounds })
    }

    @Test("more lanes than Dispatch has threads all begin and meet")
    func manyLanes() throws {
        let crew = try WorkerLanes(threads: 300)
        defer { crew.stop() }
        let seen = Atomic<Int>(0)
        let complete = Atomic<Int>(0)
        crew.run { lane in
            seen.add(1, ordering: .relaxed)
            lane.barrier()
            if seen.load(ordering: .relaxed) == 300 { complete.add(1, ordering: .relaxed) }
        }
        #expect(complete.load(ordering: .relaxed) == 300)
    }

    @Test("lanes are dealt to nodes in turn, and every CPU gets one before any gets two")
    func spread() {
        let machine = Machine(
            nodes: [
                .init(id: 0, cpus: [0, 2, 4, 6], memoryBytes: 1, freeBytes: 1),
                .init(id: 3, cpus: [1, 3], memoryBytes: 1, freeBytes: 1),
            ], canPlace: true, placementNote: nil)
        for threads in 1...20 {
            let nodes = WorkerLanes.spread(threads, over: machine)
            #expect(nodes.reduce(0) { $0 + $1.lanes.count } == threads)
            #expect(nodes.allSatisfy { $0.lanes.count == $0.cpus.count })
            let used = nodes.flatMap(\.cpus)
            for cpu in [0, 1, 2, 3, 4, 6] {
                let lanes = used.filter { $0 == cpu }.count
                #expect(lanes >= threads / 6 && lanes <= (threads + 5) / 6, "\(threads) threads, CPU \(cpu)")
            }
        }
        #expect(WorkerLanes.spread(1, over: machine).map(\.id) == [0])
        #expect(WorkerLanes.spread(2, over: machine).map(\.cpus) == [[0], [1]])
    }

    @Test("a number of threads out of range is an error", arguments: [0, -1, 1025])
    func badCount(_ threads: Int) {
        #expect(throws: KernelError.badThreadCount(threads)) { try WorkerLanes(threads: threads) }
    }
}

@Suite("Dealing of what lanes compute")
struct DealingTests {
    @Test(
        "each item is dealt once, to a lane of its node in ascending order, over many dealings",
        arguments: [1, 2, 3, 7, 30])
    func dealsAll(_ threads: Int) throws {
        let machine = Machine(
            nodes: [
                .init(id: 0, cpus: [0, 1], memoryBytes: 1, freeBytes: 1),
                .init(id: 1, cpus: [0], memoryBytes: 1, freeBytes: 1),
            ], canPlace: false, placementNote: nil)
        let crew = try WorkerLanes(threads: threads, machine: machine)
        defer { crew.stop() }
        let counts = [0, 1, 5, 16, 63]
        let rounds = 40
        nonisolated(unsafe) let taken = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: crew.nodes.count * 64)
        defer { taken.deallocate() }
        let wrong = Atomic<Int>(0)
        for job in 0..<4 {
            for item in 0..<crew.nodes.count * 64 { (taken + item).initialize(to: Atomic(0)) }
            crew.run { lane in
                for round in 0..<rounds {
                    let count = counts[(round + lane.node) % counts.count]
                    let items = 100..<100 + count
                    // No barrier after what is fixed.
                    for part in [Dealing(shareOf: items, lane: lane), Dealing(mostOf: items, lane: lane)] {
                        var part = part
                        var last = 99
                        while let item = part.next() {
                            if item <= last || item >= 100 + count { wrong.add(1, ordering: .relaxed) }
                            last = item
                            taken[lane.node * 64 + item - 100].add(1, ordering: .relaxed)
                        }
                    }
                    lane.barrier()
                }
            }
            for node in crew.nodes.indices {
                for item in 0..<64 {
                    let expected = (0..<rounds).filter { counts[($0 + node) % counts.count] > item }.count
                    let found = taken[node * 64 + item].load(ordering: .relaxed)
                    #expect(found == 2 * expected, "node \(node), item \(item), job \(job)")
                }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }
}
