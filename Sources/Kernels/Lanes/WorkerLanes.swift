import CNUMA
import Foundation

/// The pinned workers, one per core by default: long-lived threads that run one job at a time together.
///
/// A job is the same function run by every lane, with barriers between its parallel regions; which lane computes what
/// never changes a result.
public final class WorkerLanes: @unchecked Sendable {
    /// A NUMA node that has lanes, and how many.
    public struct Node: Sendable, Equatable {
        /// The system's node number.
        public var id: Int
        public var lanes: Range<Int>
        /// CPUs the lanes are pinned to, in lane order.
        public var cpus: [Int]
    }

    public let count: Int
    public let nodes: [Node]
    public let machine: Machine

    private let dealer: Dealer
    private let start = Gate()
    private let meeting: CombiningBarrier
    private let finished = DispatchSemaphore(value: 0)
    private let exited = DispatchGroup()
    private let spins: Int
    // Written by `run` before the start gate opens, read by lanes after it: the gate orders the two.
    private var job: ((Lane) -> Void)?
    private var stopping = false

    public static let mostThreads = 1024

    /// - Parameter threads: number of lanes; `nil`: one per CPU that this process may use. More than CPUs works, slowly.
    /// - Throws: `KernelError.badThreadCount`.
    public init(threads: Int? = nil, machine: Machine = .detect()) throws {
        let count = threads ?? min(machine.cpuCount, Self.mostThreads)
        guard (1...Self.mostThreads).contains(count) else { throw KernelError.badThreadCount(count) }
        self.count = count
        self.machine = machine
        nodes = Self.spread(count, over: machine)
        dealer = Dealer(nodes: nodes.map(\.lanes))
        // A spinning lane that shares its core with the one it waits for only delays it; and who sleeps is better woken once
        // than at each height of a tree.
        let shareCores = count > machine.cpuCount
        spins = shareCores ? 0 : 4000
        meeting = CombiningBarrier(
            nodes: nodes.map(\.lanes), spins: spins,
            mostMembers: shareCores ? max(2, count) : CombiningBarrier.mostMembers)
        for lane in lanes {
            let cpu = nodes[lane.node].cpus[lane.indexOnNode]
            // Threads of their own: Dispatch's pool ends at 255 threads for the whole process, and a lane beyond them would
            // never begin, while the others wait for it.
            exited.enter()
            let thread = Thread { [self] in
                pinThread(to: [cpu])
                work(as: lane)
                exited.leave()
            }
            thread.name = "parterre.\(lane.index)"
            thread.qualityOfService = .userInitiated
            thread.start()
        }
    }

    /// Run `body` on every lane and return when all are done. Calls must not overlap; a lane must not call it.
    public func run(_ body: (Lane) -> Void) {
        withoutActuallyEscaping(body) { escapable in
            job = escapable
            start.open()
            finished.wait()
            job = nil
        }
    }

    /// End the lanes; `run` must not be called again.
    public func stop() {
        guard !stopping else { return }
        stopping = true
        start.open()
        exited.wait()
    }

    /// Barriers that the lanes have passed together since they were made.
    public var barriersPassed: Int { meeting.meetings }

    var lanes: [Lane] {
        nodes.indices.flatMap { node in
            nodes[node].lanes.map { index in
                Lane(
                    index: index, count: count, node: node, indexOnNode: index - nodes[node].lanes.lowerBound,
                    lanesOnNode: nodes[node].lanes.count, meeting: .passUnretained(meeting),
                    seat: dealer.seat(of: index))
            }
        }
    }

    private func work(as lane: Lane) {
        var generation = 0
        while true {
            // The engine's own thread works between jobs and may need this core: spin briefly here.
            start.wait(past: generation, spins: spins / 8)
            generation += 1
            if stopping { return }
            job?(lane)
            // The last to leave tells the caller; the gate keeps lanes from taking the next job early.
            if meeting.isLastToArrive(lane.index) { finished.signal() }
        }
    }

    /// Nodes take lanes in turn, so that few threads still use every node's memory channels.
    static func spread(_ count: Int, over machine: Machine) -> [Node] {
        var perNode = [Int](repeating: 0, count: machine.nodes.count)
        var placed = 0
        while placed < count {
            var progress = false
            for (i, node) in machine.nodes.enumerated() where placed < count {
                // Beyond one lane per CPU a second round begins on every node.
                let rounds = placed / max(1, machine.cpuCount)
                guard perNode[i] < node.cpus.count * (rounds + 1) else { continue }
                perNode[i] += 1
                placed += 1
                progress = true
            }
            precondition(progress, "a machine has at least one CPU")
        }
        var first = 0
        var result: [Node] = []
        for (node, lanes) in zip(machine.nodes, perNode) where lanes > 0 {
            let cpus = (0..<lanes).map { node.cpus[$0 % node.cpus.count] }
            result.append(Node(id: node.id, lanes: first..<first + lanes, cpus: cpus))
            first += lanes
        }
        return result
    }
}

/// Keep the calling thread on these CPUs; where the system refuses, it runs where it did.
private func pinThread(to cpus: [Int]) {
    guard let mask = numa_allocate_cpumask() else { return }
    defer { numa_bitmask_free(mask) }
    for cpu in cpus where cpu < Int(mask.pointee.size) { numa_bitmask_setbit(mask, UInt32(cpu)) }
    numa_sched_setaffinity(0, mask)
}
