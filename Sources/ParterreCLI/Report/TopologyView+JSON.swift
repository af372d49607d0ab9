import Forms
import Parterre

extension TopologyView {
    var json: JSON {
        .object([
            "machine": machineJSON,
            "model": .string(model),
            "memory_plan": planJSON,
            "page_placement": .array(placement.map(Self.json)),
        ])
    }

    private var machineJSON: JSON {
        .object([
            "nodes": .array(machine.nodes.map(Self.json)),
            "placement_note": machine.placementNote.map(JSON.string) ?? .null,
            "instruction_sets": .array(machine.instructionSets.map(JSON.string)),
            "chosen_instruction_set": .string(machine.chosenInstructionSet),
        ])
    }

    private var planJSON: JSON {
        .object([
            "weight_format": .string(plan.weightFormat),
            "weight_bytes": .integer(plan.weightBytes),
            "cache_format": .string(plan.cacheFormat),
            "cache_bytes": .integer(plan.cacheBytes),
            "cache_blocks": .integer(plan.cacheBlocks),
            "block_size": .integer(plan.blockSize),
            "cache_tokens": .integer(plan.cacheTokens),
            "bytes_per_cached_token": .integer(plan.bytesPerCachedToken),
            "nodes": .array(plan.nodes.map(Self.json)),
        ])
    }

    private static func json(_ node: MachineTopology.Node) -> JSON {
        .object([
            "id": .integer(node.id),
            "cpus": .array(node.cpus.map(JSON.integer)),
            "memory_bytes": .integer(node.memoryBytes),
            "free_bytes": .integer(node.freeBytes),
        ])
    }

    private static func json(_ node: MemoryPlan.Node) -> JSON {
        .object([
            "id": .integer(node.id),
            "weight_bytes": .integer(node.weightBytes),
            "cache_bytes": .integer(node.cacheBytes),
            "heads": .array([.integer(node.heads.lowerBound), .integer(node.heads.upperBound)]),
            "lanes": .integer(node.lanes),
        ])
    }

    private static func json(_ region: PagePlacement) -> JSON {
        let pages = region.pagesByNode.sorted { $0.key < $1.key }
        return .object([
            "region": .string(region.region),
            "wanted_node": region.wantedNode.map(JSON.integer) ?? .null,
            "pages_by_node": .object(pages.map { JSON.Member(name: String($0.key), value: .integer($0.value)) }),
            "absent_pages": .integer(region.absentPages),
            "unknown": region.unknown.map(JSON.string) ?? .null,
        ])
    }
}
