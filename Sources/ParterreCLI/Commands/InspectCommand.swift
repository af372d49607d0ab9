import ArgumentParser
import Parterre

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract:
            "Show a checkpoint's configuration, tensors, parameters and the memory it takes, from its headers alone.",
        discussion: """
            EXAMPLES
              parterre inspect --model ./bloom-560m
              parterre inspect --model ./bloom-560m --json
            """)

    @OptionGroup var model: ModelOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() async throws {
        let view = InspectionView(inspection: try ModelInspection.inspect(model.source))
        let text = json ? view.json.line + "\n" : view.text
        try await LineWriter.standardOutput().write(text: text)
    }
}
