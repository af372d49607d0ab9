import ArgumentParser
import BatchFiles
import Forms
import Foundation
import Parterre

struct LogitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits",
        abstract: "Write the float32 logits of every position of every line to a safetensors file.",
        discussion: """
            Each input line, {"id": …, "prompt_token_ids": […]} or {"id": …, "prompt": "…"}, gives one tensor \
            [tokens, vocabulary], named by its id. A line that is wrong ends the command before any work. The mode \
            says how the logits are computed and changes no bit of them:
              uncached  each line alone, whole, with no cache and no pages
              cached    each line alone, one token a step, through the pages
              batched   all lines through the scheduler together, in chunks
              padded    all lines as one left-padded grid with its mask, and
                        some columns more

            EXAMPLES
              parterre logits --input ids.jsonl --output a.safetensors
              parterre logits --input ids.jsonl --output b.safetensors \\
                --mode batched --prefill-chunk 7
              cmp a.safetensors b.safetensors
            """)

    @OptionGroup var model: ModelOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("JSON lines; - is standard input.", valueName: "file"))
    var input: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
    var output: String

    @Option(help: "How the logits are computed.")
    var mode: LogitsMode = .uncached

    @Flag(help: "Only the last position of each line: [1, vocabulary].")
    var last = false

    @OptionGroup(title: "Engine options") var engine: EngineOptionGroup
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let lines = try await LogitsInput.read(InputFile(input))
        let reporter = report.reporter
        let loaded = try await reporter.load(model.source, engine.options)
        let sequences = try lines.sequences(loaded.tokenizer, vocabularySize: loaded.vocabularySize)

        let interrupt = Interrupt()
        interrupt.listen(first: {}, again: { _exit(1) })
        let file = try LogitsFile(
            URL(filePath: output), names: lines.names, lengths: sequences.map { last ? 1 : $0.count },
            vocabularySize: loaded.vocabularySize)
        do {
            try await loaded.logits(of: sequences, mode: mode, lastOnly: last) { [last] sequence, position, logits in
                // Dropping the file unfinished removes what was written of it.
                if interrupt.isRequested { throw CommandError.failed("interrupted: nothing was written") }
                try file.write(logits, sequence: sequence, row: last ? 0 : position)
            }
            try file.finish()
        } catch let error as RequestError {
            throw error
        } catch {
            throw CommandError(duringRun: error)
        }
        reporter.info("wrote the logits of \(sequences.count) lines to \(output)")
        await loaded.shutdown()
    }
}
