import ArgumentParser
import Foundation
import Parterre

struct QuantizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Pack a checkpoint's weights once, in any format, into a folder that loads at once.",
        discussion: """
            Every command takes the folder as its --model. It holds model.parterre, the weights as they lie in memory, \
            and copies of config.json, generation_config.json and the tokenizer's files: nothing of the checkpoint is \
            needed any more. On one NUMA node the file is mapped and not copied; see --packed-weights.

            Logits have the same bits as those of the checkpoint with the same --weights. The file is the same on every \
            machine, whatever its instruction set.

            EXAMPLES
              parterre quantize ./bloom-560m --weights int8 --output ./bloom-560m-int8
              parterre generate --model ./bloom-560m-int8 "The garden in spring"
              parterre inspect --model ./bloom-560m-int8 --verify
            """)

    @Argument(help: ArgumentHelp("Folder of the checkpoint.", valueName: "dir"))
    var model: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write; it is made.", valueName: "dir"))
    var output: String

    @Option(help: "Format of the weights. auto keeps every bit: bf16 stays bf16, f32 and f16 become f32.")
    var weights: EngineOptions.Weights = .auto

    @Flag(help: "Replace a packed model that the folder holds already.")
    var force = false

    @Option(help: ArgumentHelp("Worker threads. (default: one per core)", valueName: "count"))
    var threads: Int?

    @OptionGroup var report: ReportOptions

    func run() async throws {
        let reporter = report.reporter
        var packing = ModelPacking()
        packing.weights = weights
        packing.replacesOutput = force
        packing.threads = threads
        let source = ModelSource.directory(URL(filePath: model, directoryHint: .isDirectory))
        let folder = URL(filePath: output, directoryHint: .isDirectory)
        let clock = ContinuousClock()
        let begin = clock.now
        defer { Console.shared.setBar("") }
        let interrupt = Interrupt()
        interrupt.listen(first: {}, again: { _exit(1) })
        let outcome = try await packing.write(source, to: folder) { share in
            if interrupt.isRequested { throw CommandError.failed("interrupted: nothing was written") }
            if reporter.style == .bar { Console.shared.setBar("packing \(source.name)  \(Figures.percent(share))") }
        }
        Console.shared.setBar("")
        reporter.notice(
            "parterre: wrote \(outcome.file.path): \(outcome.weights) weights, \(Figures.bytes(outcome.byteCount)), in "
                + Figures.seconds((clock.now - begin).seconds))
    }
}
