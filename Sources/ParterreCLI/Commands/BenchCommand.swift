public import ArgumentParser
import BatchFiles
import Forms
public import Parterre

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Time prefill, decoding, mixed requests and long contexts beside what this machine allows.",
        discussion: """
            WORKLOADS
              prefill512    one prompt of 512 tokens, until its first token
              decode_b8     8 rows decode together behind --prompt tokens each
              mixed64       64 requests, prompts of 16 to 256 and outputs of 16
                            to 128 tokens, all there from the start
              crowded64     64 requests, prompts of 16 to 64 and outputs of 64
                            to 192 tokens, in a cache that holds a tenth of them
              prefix64      64 requests whose prompts begin with the same 1024
                            tokens and go on with 32 of their own; outputs of 16
              long8192_b8   8 rows decode behind 8192 cached tokens each
            Any number may stand in a name. Without --workload: prefill512, decode_b1, decode_b8, decode_b32, mixed64 \
            and the long one.

            FIGURES
            tokens/s is the median of the runs, spread the distance from the slowest to the fastest of them. bound is \
            what the limits, measured beside each run, allow: for prefill the operations of the matrix products over \
            the peak of the weights' format; for decoding that, or the bytes of the weights over the read bandwidth, \
            whichever takes longer; behind a long context the bytes of its keys and values come on top. Bytes and \
            operations are counted from the model's sizes. Other programs on the machine spoil everything.

            Behind a long context only decoding is timed, so the keys and values are random numbers by default: \
            attention reads and multiplies the same bytes whatever they say. With --long-fill computed they are those \
            of a prompt, which takes minutes.

            Only in the prefix workload do requests share what was computed; --no-prefix-cache shows it without.

            With --cache-memory auto the cache is as large as the largest workload needs; a standard workload that \
            memory has no room for is left out. JSON has seconds, bytes and operations without prefixes.

            EXAMPLES
              parterre bench
              parterre bench --shape bloom-560m --weights bf16 --roofline
              parterre bench --limits
              parterre bench --model ./bloom-1b1 --workload decode_b16 \\
                --workload prefill1024 --json
              parterre bench --workload decode_b8 --prompts ids.jsonl
            """)

    @OptionGroup var model: ModelOptions

    @Option(
        help: ArgumentHelp(
            "Random weights of a published shape, or 560m for short, instead of a model.", valueName: "name"))
    var shape: BloomShape?

    @Option(help: ArgumentHelp("What to time; may be repeated.", valueName: "name"))
    var workload: [Workload] = []

    @Option(help: ArgumentHelp("Timed runs of each workload, after one that warms up.", valueName: "count"))
    var runs: Int = 3

    @Option(help: ArgumentHelp("Seed of prompts, lengths and random weights.", valueName: "number"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Prompt of each row before decoding.", valueName: "tokens"))
    var prompt: Int = 128

    @Option(
        help: ArgumentHelp(
            "Prompts instead of random tokens: JSON lines as `parterre generate` reads them, one for each row, as long as "
                + "the workload says. Every run has the same.",
            valueName: "file"))
    var prompts: String?

    @Option(help: ArgumentHelp("Steps that a run of decoding times.", valueName: "count"))
    var steps: Int = 64

    @Option(help: ArgumentHelp("Cached tokens of each row in the long workload.", valueName: "tokens"))
    var longContext: Int = 8192

    @Option(help: "What a long context's keys and values are: random numbers, or computed from a prompt.")
    var longFill: LongFill = .random

    @Flag(
        help: ArgumentHelp(
            "Begin each request as soon as its prompt fits, whether there is room for its text or not.",
            visibility: .hidden))
    var noForesight = false

    @Flag(help: "Show the limits and how near each workload comes to them.")
    var roofline = false

    @Flag(help: "Measure the limits alone, without a model, in about a second.")
    var limits = false

    @Flag(help: "One JSON object a line for each workload.")
    var json = false

    @Flag(help: "Comma-separated values.")
    var csv = false

    @OptionGroup(title: "Engine options") var engine: EngineOptionGroup
    @OptionGroup var tracing: TraceOptions
    @OptionGroup var report: ReportOptions

    enum LongFill: String, CaseIterable, ExpressibleByArgument {
        case random
        case computed
    }

    func validate() throws {
        if model.model != nil && shape != nil { throw ValidationError("give --model or --shape, not both") }
        if limits && (csv || !workload.isEmpty) {
            throw ValidationError("--limits measures no workload: give it no --workload, and --json or nothing")
        }
        if json && csv { throw ValidationError("give --json or --csv, not both") }
        for (name, value, range) in [
            ("runs", runs, 1...1000), ("prompt", prompt, 1...(1 << 20)), ("steps", steps, 1...(1 << 20)),
            ("long-context", longContext, 1...(1 << 20)),
        ] where !range.contains(value) {
            throw ValidationError("--\(name): \(value) is not between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    func run() async throws {
        if limits {
            let report = LimitsReport(limits: try await MachineLimits.measure(threads: engine.options.threads))
            try await LineWriter.standardOutput().write(text: json ? report.json : report.text)
            return
        }
        let trace = try tracing.file()
        let source = shape.map { .random(RandomModel($0, seed: seed)) } ?? model.source
        var sizes = WorkloadSizes(prompt: prompt, steps: steps, runs: runs, seed: seed)
        if let chunk = engine.prefillChunk.tokens { sizes.prefillChunk = chunk }
        var given: LogitsInput?
        if let prompts { given = try await LogitsInput.read(InputFile(prompts)) }
        var options = engine.options
        options.foresight = !noForesight
        let bench = Bench(
            source: source, options: options,
            workloads: workload.isEmpty ? Workload.standard(longContext: longContext) : workload,
            mayLeaveOut: workload.isEmpty, sizes: sizes, contextIsRandom: longFill == .random, prompts: given,
            trace: trace, reporter: report.reporter)
        let result = try await trace.around(bench.reporter) { try await bench.run() }
        let text = json ? result.jsonLines : csv ? result.csv : result.text(roofline: roofline)
        try await LineWriter.standardOutput().write(text: text)
    }
}

extension BloomShape: ExpressibleByArgument {
    public init?(argument: String) { self.init(named: argument) }
}
