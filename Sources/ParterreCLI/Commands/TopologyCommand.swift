import ArgumentParser
import BatchFiles
import Forms
import Foundation
import Parterre

struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Show cores, NUMA nodes, instruction sets, a model's memory plan and where its pages really lie.",
        discussion: """
            The model is loaded and its cache taken as `generate` would with the same options; then the kernel is \
            asked where the pages are.

            EXAMPLES
              parterre topology
              parterre topology --model ./bloom-560m --cache-memory 4GiB --json
            """)

    @OptionGroup var model: ModelOptions

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup(title: "Engine options") var engine: EngineOptionGroup
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let machine = try MachineTopology.current(instructionSet: engine.isa)
        let loaded = try await report.reporter.load(model.source, engine.options)
        let placement = loaded.pagePlacement()
        let view = TopologyView(
            machine: machine, model: model.source.name, plan: loaded.memoryPlan, placement: placement)
        await loaded.shutdown()
        let text = json ? view.json.line + "\n" : view.text
        try await LineWriter.standardOutput().write(text: text)
    }
}
