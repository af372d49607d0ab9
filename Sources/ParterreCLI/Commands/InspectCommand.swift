import ArgumentParser
import BatchFiles
import Forms
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
              parterre inspect --model ./bloom-560m-int8 --verify
            """)

    @OptionGroup var model: ModelOptions

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(help: "First compare a packed model's weights with their checksums.")
    var verify = false

    func run() async throws {
        if verify {
            try await ModelInspection.verify(model.source) { share in
                if Console.shared.isTerminal { Console.shared.setBar("checking  \(Figures.percent(share))") }
            }
            Console.shared.setBar("")
        }
        let view = InspectionView(inspection: try ModelInspection.inspect(model.source))
        let text = json ? view.json.line + "\n" : view.text
        try await LineWriter.standardOutput().write(text: text)
    }
}
