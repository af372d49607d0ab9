import Parterre

/// What `parterre topology` shows.
struct TopologyView {
    var machine: MachineTopology
    var model: String
    var plan: MemoryPlan
    var placement: [PagePlacement]

    var text: String {
        var table = Table()
        table.title("Machine")
        table.row("cores", "\(machine.nodes.reduce(0) { $0 + $1.cpus.count })")
        table.row("instruction sets", machine.instructionSets.joined(separator: ", "))
        table.row("chosen", machine.chosenInstructionSet)
        for node in machine.nodes {
            table.row(
                "node \(node.id)",
                "cores \(Self.ranges(node.cpus)); \(Figures.bytes(node.memoryBytes)), "
                    + "\(Figures.bytes(node.freeBytes)) free")
        }
        if let note = machine.placementNote { table.row("placement", note) }

        table.title("Memory plan of \(model)")
        table.row("weights", "\(Figures.bytes(plan.weightBytes)) as \(plan.weightFormat)")
        table.row(
            "cache",
            "\(Figures.bytes(plan.cacheBytes)) as \(plan.cacheFormat): \(Figures.grouped(plan.cacheBlocks)) blocks of \(plan.blockSize) tokens, "
                + "\(Figures.grouped(plan.cacheTokens)) tokens of \(Figures.bytes(plan.bytesPerCachedToken))")
        for node in plan.nodes {
            table.row(
                "node \(node.id)",
                "weights \(Figures.bytes(node.weightBytes)), cache \(Figures.bytes(node.cacheBytes)), "
                    + "heads \(node.heads.lowerBound) to \(node.heads.upperBound - 1), \(node.lanes) lanes")
        }

        table.title("Where the pages lie")
        for region in placement {
            let place = region.wantedNode.map { ", node \($0)" } ?? ""
            table.row(region.region + place, Self.words(region))
        }
        return table.text
    }

    private static func words(_ region: PagePlacement) -> String {
        if let unknown = region.unknown { return unknown }
        var parts = region.pagesByNode.sorted { $0.key < $1.key }.map {
            "\(Figures.grouped($0.value)) pages on node \($0.key)"
        }
        if region.absentPages > 0 { parts.append("\(Figures.grouped(region.absentPages)) not touched yet") }
        return parts.isEmpty ? "no pages" : parts.joined(separator: ", ")
    }

    /// `0-3,8`.
    static func ranges(_ cpus: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for cpu in cpus.sorted() {
            if let last = runs.last, last.upperBound + 1 == cpu {
                runs[runs.count - 1] = last.lowerBound...cpu
            } else {
                runs.append(cpu...cpu)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
