import Kernels

/// The machine as the engine sees it.
public struct MachineTopology: Sendable, Equatable {
    public struct Node: Sendable, Equatable {
        public var id: Int
        /// Logical CPUs of this node that this process may run on.
        public var cpus: [Int]
        public var memoryBytes: Int
        public var freeBytes: Int
    }

    public var nodes: [Node]
    /// Bytes that can still be taken without swapping, of the machine or of this process's cgroup.
    public var availableBytes: Int
    /// One sentence when NUMA placement is off here, and why (one node, no NUMA in the kernel, refused in a container).
    public var placementNote: String?
    /// Instruction sets this CPU can run, best first.
    public var instructionSets: [String]
    public var chosenInstructionSet: String

    /// - Throws: a `UserFacingError` when `instructionSet` (or `PARTERRE_ISA`) cannot be used here.
    public static func current(instructionSet: String? = nil) throws -> MachineTopology {
        let kernels = try KernelSet.select(named: instructionSet)
        let machine = Machine.detect()
        return MachineTopology(
            nodes: machine.nodes.map {
                Node(id: $0.id, cpus: $0.cpus, memoryBytes: $0.memoryBytes, freeBytes: $0.freeBytes)
            },
            availableBytes: Machine.availableBytes(), placementNote: machine.placementNote,
            instructionSets: KernelSet.available,
            chosenInstructionSet: kernels.name)
    }
}
