import ArgumentParser
import BatchFiles
import Forms
import Foundation
import Parterre

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Run something and write a page that shows it: blocks by owner, batches, times, requests.",
        discussion: """
            The page is one HTML file that works without a network. It shows who held which block of the cache in every \
            step, which rows each step computed, how long that took, and when each request waited, began, wrote and gave \
            way to others.

            Without prompts a small demonstration runs: \(Demonstration.requestCount) requests of random tokens, some with \
            several samples or the same beginning, which share blocks, in a cache that is too small for them, beside a \
            small swap space. What the model answers is thrown away; `parterre generate --trace` and `parterre bench --trace` keep it and write the same page.

            EXAMPLES
              parterre trace demonstration.html
              parterre trace run.html "The garden in spring" -n 4 --max-tokens 40
              parterre trace run.html --input prompts.jsonl --max-batch 16
              parterre generate --input prompts.jsonl -o texts.jsonl --trace run.json
              parterre trace run.html --from run.json
            """)

    @Argument(help: ArgumentHelp("The page to write; with a name in .json the record alone.", valueName: "file.html"))
    var file: String

    @Argument(help: "Prompts to continue.")
    var prompts: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("JSON lines to answer; - is standard input.", valueName: "file"))
    var input: String?

    @Option(
        help: ArgumentHelp("Show a run that was recorded before, instead of running anything.", valueName: "file.json"))
    var from: String?

    @OptionGroup var model: ModelOptions
    @OptionGroup(title: "Sampling options") var sampling: SamplingOptions
    @OptionGroup var chat: ChatOptions
    @OptionGroup(title: "Engine options") var engine: EngineOptionGroup

    @OptionGroup var batching: BatchingOptions

    @OptionGroup var report: ReportOptions

    func validate() throws {
        if [!prompts.isEmpty, input != nil, from != nil].count(where: { $0 }) > 1 {
            throw ValidationError("give prompts, an --input file or a record with --from: one of them")
        }
        if let index = prompts.firstIndex(of: "") { throw ValidationError("prompt \(index + 1) is empty") }
    }

    func run() async throws {
        let reporter = report.reporter
        try chat.check(for: model.source)
        let target = try TraceFile(file)
        if let from { return try target.write(TraceRecord.read(from), reporter) }
        try await target.around(reporter) {
            if let input {
                let file = try InputFile(input)
                let defaults = sampling.defaults(for: model.source)
                try await answer(target, total: try file.countLines()) {
                    LineRequests(InputLines(file, orStopWhen: $0), defaults: defaults)
                }
            } else if !prompts.isEmpty {
                let source = ArgumentRequests(prompts, defaults: sampling.defaults(for: model.source))
                try await answer(target, total: prompts.count) { _ in source }
            } else {
                try await demonstrate(target)
            }
        }
    }

    private func answer<Source: RequestSource>(
        _ target: TraceFile, total: Int?, _ source: (@escaping @Sendable () -> Bool) -> Source
    ) async throws {
        let reporter = report.reporter
        try await LineGeneration(
            answersAreKept: false, defaults: sampling.defaults(for: model.source), inFlight: 2 * engine.maxBatch,
            reporter: reporter,
            model: {
                let loaded = try await load(options, target, reporter)
                return LoadedModel(
                    engine: loaded, name: model.source.name, chatTemplate: chat.template(of: loaded, from: model.source)
                )
            }
        )
        .run(total: total, source: source)
    }

    private func demonstrate(_ target: TraceFile) async throws {
        let engine = try await load(Demonstration.options(options, model.source), target, report.reporter)
        do { try await Demonstration.run(engine) } catch { throw CommandError(duringRun: error) }
        await engine.shutdown()
    }

    private var options: EngineOptions {
        var options = engine.options
        options.batching = batching.batching
        options.recordsTrace = true
        return options
    }

    private func load(_ options: EngineOptions, _ target: TraceFile, _ reporter: Reporter) async throws -> Engine {
        let engine = try await reporter.load(model.source, options)
        target.record(engine)
        return engine
    }
}
