import CNUMA
import Foundation

/// The cores and NUMA nodes that this process may use, read from the system once.
public struct Machine: Sendable, Equatable {
    /// A node that has memory, with the CPUs nearest to it.
    public struct Node: Sendable, Equatable {
        /// The system's number of the node.
        public var id: Int
        /// Logical CPUs of this node that this process may run on, ascending. Ids may be interleaved between nodes.
        public var cpus: [Int]
        public var memoryBytes: Int
        public var freeBytes: Int
    }

    /// Nodes that have a CPU for this process, in the order of their ids; at least one.
    public var nodes: [Node]
    /// Whether memory can be bound to a node.
    public var canPlace: Bool
    /// One sentence when placement is off or has nothing to choose.
    public var placementNote: String?

    public var cpuCount: Int { nodes.reduce(0) { $0 + $1.cpus.count } }

    public static func detect() -> Machine {
        let cpus = allowedCPUs()
        guard numa_available() >= 0 else {
            return Machine(
                nodes: [wholeMachine(cpus: cpus)], canPlace: false,
                placementNote: "this kernel offers no NUMA: the system places all memory")
        }
        var cpusByNode: [Int: [Int]] = [:]
        for cpu in cpus { cpusByNode[memoryHome(ofCPU: cpu), default: []].append(cpu) }
        let nodes = cpusByNode.keys.sorted().map { id in
            var free: Int64 = 0
            let size = numa_node_size64(Int32(id), &free)
            return Node(id: id, cpus: cpusByNode[id]!, memoryBytes: Int(max(size, 0)), freeBytes: Int(max(free, 0)))
        }
        if nodes.count == 1 {
            return Machine(
                nodes: nodes, canPlace: false, placementNote: "one NUMA node: there is nothing to choose in placement")
        }
        guard bindingIsAllowed(node: nodes[0].id) else {
            return Machine(
                nodes: nodes, canPlace: false,
                placementNote: "the system refuses mbind (a container's seccomp filter does that): it places all memory"
            )
        }
        return Machine(nodes: nodes, canPlace: true, placementNote: nil)
    }

    private static func allowedCPUs() -> [Int] {
        let everyCPU = Array(0..<max(1, ProcessInfo.processInfo.activeProcessorCount))
        guard let mask = numa_allocate_cpumask() else { return everyCPU }
        defer { numa_bitmask_free(mask) }
        guard numa_sched_getaffinity(0, mask) >= 0 else { return everyCPU }
        let cpus = (0..<Int(mask.pointee.size)).filter { numa_bitmask_isbitset(mask, UInt32($0)) != 0 }
        return cpus.isEmpty ? everyCPU : cpus
    }

    /// The CPU's own node, or the nearest with memory where that one has none.
    private static func memoryHome(ofCPU cpu: Int) -> Int {
        let own = max(0, numa_node_of_cpu(Int32(cpu)))
        if numa_node_size64(own, nil) > 0 { return Int(own) }
        let others = (0...max(0, numa_max_node())).filter { numa_node_size64($0, nil) > 0 }
        return Int(others.min { numa_distance(own, $0) < numa_distance(own, $1) } ?? own)
    }

    private static func wholeMachine(cpus: [Int]) -> Node {
        Node(
            id: 0, cpus: cpus, memoryBytes: Int(ProcessInfo.processInfo.physicalMemory), freeBytes: availableBytes())
    }

    private static func bindingIsAllowed(node: Int) -> Bool {
        guard let region = try? NodeRegion(byteCount: 1, node: nil, purpose: "a placement probe") else { return false }
        return region.bind(to: node)
    }
}
