import ArgumentParser
import BatchFiles
import Forms
import Foundation
import Parterre

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue prompts: a few from the command line, or a file of JSON lines in batches.",
        discussion: """
            INPUT, one JSON object a line:
              {"id": "a", "prompt": "The garden in spring"}
              {"id": "b", "prompt_token_ids": [5, 9, 2], "max_tokens": 40, "n": 2}
            or OpenAI's batch form, for /v1/completions and /v1/chat/completions:
              {"custom_id": "c", "method": "POST", "url": "/v1/completions",
               "body": {"prompt": "Once", "max_tokens": 9}}
            What a line says goes before the options below: max_tokens, min_tokens, temperature, top_k, top_p, min_p, \
            repetition_penalty, presence_penalty, frequency_penalty, logit_bias, seed, n, stop, stop_token_ids, \
            ignore_eos, logprobs, beams, length_penalty, early_stopping, priority, deadline (in seconds). A line without \
            an id goes by its number. Where neither says anything, the model's \
            generation_config.json decides, else the text is greedy.

            OUTPUT, one JSON object for each sample, written as it ends:
              {"id", "index", "text", "token_ids", "finish_reason",
               "prompt_tokens", "completion_tokens", "cumulative_logprob"?, "score"?, "logprobs"?}
            A line that cannot be answered becomes
              {"id", "line", "error": {"message", "field"?}}
            and the others go on; the exit code is then 1. Lines in OpenAI's form are answered in OpenAI's form, as \
            `parterre serve` would, with all that it knows (echo, best_of, messages).

            Ctrl-C finishes the lines in flight; a second one ends at once. Either way the output holds whole lines \
            only, and --resume goes on from there, as it does after kill -9.

            EXAMPLES
              parterre generate "The garden in spring" --max-tokens 40
              parterre generate "Once upon a time" -n 3 --temperature 0.8 --seed 1
              parterre generate "Once upon a time" --beams 5 -n 2 --early-stopping true
              parterre generate --input prompts.jsonl --output texts.jsonl --resume
              cat prompts.jsonl | parterre generate --max-tokens 16 | jq -r .text
            """)

    @Argument(help: "Prompts to continue.")
    var prompts: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("JSON lines to answer; - is standard input, the default of a pipe.", valueName: "file"))
    var input: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the JSON lines go. (default: -)", valueName: "file"))
    var output: String?

    @Flag(help: "Go on with an --output file: what it holds is not done again.")
    var resume = false

    @Flag(help: "With --resume: do the lines again that failed.")
    var retryErrors = false

    @Flag(help: "Answer prompts given as arguments as JSON lines, too.")
    var json = false

    @OptionGroup var model: ModelOptions
    @OptionGroup(title: "Sampling options") var sampling: SamplingOptions
    @OptionGroup(title: "Scheduling options") var urgency: UrgencyOptions
    @OptionGroup var chat: ChatOptions
    @OptionGroup(title: "Engine options") var engine: EngineOptionGroup

    @OptionGroup var batching: BatchingOptions

    @OptionGroup var tracing: TraceOptions
    @OptionGroup var report: ReportOptions

    func validate() throws { _ = try mode(stdinIsTerminal: false) }

    func run() async throws {
        try chat.check(for: model.source)
        let trace = try tracing.file()
        try await trace.around(report.reporter) { try await answer(trace) }
    }

    private func answer(_ trace: TraceFile?) async throws {
        switch try mode(stdinIsTerminal: isatty(STDIN_FILENO) == 1) {
        case .plainText:
            let reporter = report.reporter
            try await PlainGeneration(
                prompts: prompts, defaults: defaults, model: { try await load(reporter, trace) }
            )
            .run()
        case .argumentLines(let output):
            let source = ArgumentRequests(prompts, defaults: defaults)
            try await lines(to: output, trace).run(total: prompts.count) { _ in source }
        case .fileLines(let input, let output):
            let file = try InputFile(input)
            let total = try file.countLines()
            let defaults = self.defaults
            try await lines(to: output, from: file, trace).run(total: total) {
                LineRequests(InputLines(file, orStopWhen: $0), defaults: defaults)
            }
        }
    }

    private var defaults: RequestOptions {
        var defaults = sampling.defaults(for: model.source)
        urgency.apply(to: &defaults)
        return defaults
    }

    private func lines(to output: String?, from file: InputFile? = nil, _ trace: TraceFile?) -> LineGeneration {
        let reporter = report.reporter
        return LineGeneration(
            output: output, input: file?.identity, resume: resume, retryErrors: retryErrors, defaults: defaults,
            inFlight: 2 * engine.maxBatch, reporter: reporter, model: { try await load(reporter, trace) })
    }

    private func mode(stdinIsTerminal: Bool) throws -> GenerateMode {
        try GenerateMode(
            .init(
                prompts: prompts, input: input, output: output, json: json, resume: resume, retryErrors: retryErrors,
                stdinIsTerminal: stdinIsTerminal))
    }

    /// The engine, and the model's name for OpenAI's form.
    private func load(_ reporter: Reporter, _ trace: TraceFile?) async throws -> LoadedModel {
        var options = engine.options
        options.batching = batching.batching
        options.recordsTrace = trace != nil
        let loaded = try await reporter.load(model.source, options)
        trace?.record(loaded)
        return LoadedModel(
            engine: loaded, name: model.source.name, chatTemplate: chat.template(of: loaded, from: model.source))
    }
}

/// An engine and what to call its model.
struct LoadedModel: Sendable {
    var engine: Engine
    var name: String
    var chatTemplate: Result<ChatTemplate?, any Error> = .success(nil)

    var answering: AnsweringModel {
        var answering = AnsweringModel(engine, name: name)
        answering.chatTemplate = chatTemplate
        return answering
    }
}
