import ArgumentParser
import Foundation
import Parterre
import ParterreServer

/// How the server listens and what it takes on.
struct ServerOptionGroup: ParsableArguments {
    private static let defaults = ServerOptions()

    @Option(help: ArgumentHelp("Address to listen on; 0.0.0.0 is every one of this machine.", valueName: "address"))
    var host: String = defaults.host

    @Option(name: .shortAndLong, help: ArgumentHelp("Port to listen on; 0: any that is free.", valueName: "port"))
    var port: Int = defaults.port

    @Option(
        name: .customLong("served-model-name"), parsing: .upToNextOption,
        help: ArgumentHelp("What clients call the model. (default: its folder's name)", valueName: "name"))
    var names: [String] = []

    @Option(
        name: .customLong("api-keys"),
        help: ArgumentHelp("File of keys, one a line, of which every request must have one.", valueName: "file"))
    var keys: String?

    @Option(
        name: .customLong("batch-dir"),
        help: ArgumentHelp(
            "Folder for /v1/files and /v1/batches; batches go on there when the server starts again. "
                + "(default: no files, no batches)",
            valueName: "folder"))
    var batchFolder: String?

    @Option(help: ArgumentHelp("Most bytes of an uploaded file.", valueName: "bytes"))
    var maxFile: Int = BatchServerOptions(folder: "").fileBytes

    @Option(
        name: .customLong("max-file-storage"),
        help: ArgumentHelp("Most bytes of all files together.", valueName: "bytes"))
    var maxStorage: Int = BatchServerOptions(folder: "").totalBytes

    @Flag(name: .customLong("open-metrics"), help: "Let /metrics be read without a key.")
    var opensMetrics = false

    @Flag(name: .customLong("no-page"), help: "Serve no web page at / and no /live, which it listens to.")
    var hasNoPage = false

    @Option(
        help: ArgumentHelp(
            "Most sequences that wait for a place in the batch; beyond that requests get a 429. "
                + "(default: four times --max-batch)",
            valueName: "count"))
    var maxQueue: Int?

    @Option(help: ArgumentHelp("Most bytes of a request's body.", valueName: "bytes"))
    var maxBody: Int = defaults.limits.bodyBytes

    @Option(
        help: ArgumentHelp(
            "Most bytes of all bodies together that are being read, beside the first 64 KiB of each; "
                + "beyond that requests get a 503.",
            valueName: "bytes"))
    var maxBodyMemory: Int = defaults.bodyMemory

    @Option(
        help: ArgumentHelp(
            "Most tokens of a prompt: steps of a very long one take long for everybody.", valueName: "tokens"))
    var maxPromptTokens = defaults.limits.promptTokens ?? Int(Int32.max)

    @Option(
        name: .customLong("max-new-tokens"),
        help: ArgumentHelp("Greatest max_tokens. (default: what the cache holds)", valueName: "tokens"))
    var maxNewTokens: Int?

    @Option(name: .customLong("max-n"), help: ArgumentHelp("Greatest n and best_of.", valueName: "count"))
    var maxSamples: Int = defaults.limits.samples

    @Option(help: ArgumentHelp("Most stop strings of a request.", valueName: "count"))
    var maxStop: Int = defaults.limits.stopStrings

    @Option(help: ArgumentHelp("How long running requests may go on after SIGTERM.", valueName: "seconds"))
    var drainSeconds = Seconds(duration: defaults.drainTime)

    @Option(help: ArgumentHelp("Most connections at once.", valueName: "count"))
    var maxConnections: Int = defaults.maxConnections

    @Option(help: ArgumentHelp("Threads for the network.", valueName: "count"))
    var networkThreads: Int = defaults.networkThreads

    func validate() throws {
        func check(_ value: Int?, _ range: ClosedRange<Int>, _ name: String) throws {
            guard let value, !range.contains(value) else { return }
            throw ValidationError("--\(name): \(value) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        try check(port, 0...65535, "port")
        try check(maxQueue, 0...1_000_000, "max-queue")
        try check(maxBody, 1...1 << 30, "max-body")
        try check(maxBodyMemory, 1...1 << 40, "max-body-memory")
        try check(maxPromptTokens, 1...Int(Int32.max), "max-prompt-tokens")
        try check(maxNewTokens, 1...Int(Int32.max), "max-new-tokens")
        try check(maxSamples, 1...SamplingParameters.mostSamples, "max-n")
        try check(maxFile, 1...1 << 40, "max-file")
        try check(maxStorage, 1...1 << 50, "max-file-storage")
        try check(maxStop, 0...SamplingParameters.mostStopStrings, "max-stop")
        try check(maxConnections, 1...1_000_000, "max-connections")
        try check(networkThreads, 1...64, "network-threads")
        guard drainSeconds.duration >= .zero else { throw ValidationError("--drain-seconds: must not be negative") }
    }

    /// Reads the file of keys.
    func options() throws -> ServerOptions {
        var options = ServerOptions()
        options.host = host
        options.port = port
        options.modelNames = names
        options.maxQueue = maxQueue
        options.limits.bodyBytes = maxBody
        options.bodyMemory = maxBodyMemory
        options.limits.promptTokens = maxPromptTokens
        options.limits.newTokens = maxNewTokens
        options.limits.samples = maxSamples
        options.limits.stopStrings = maxStop
        options.keys = try keys.map { try KeyRing(contentsOf: URL(filePath: $0)) }
        options.batches = batchFolder.map { folder in
            var batches = BatchServerOptions(folder: folder)
            batches.fileBytes = maxFile
            batches.totalBytes = maxStorage
            return batches
        }
        options.opensMetrics = opensMetrics
        options.servesPage = !hasNoPage
        options.drainTime = drainSeconds.duration
        options.maxConnections = maxConnections
        options.networkThreads = networkThreads
        return options
    }
}

extension Seconds: CustomStringConvertible {
    /// As `--help` shows a default.
    var description: String { String(format: "%g", duration.seconds) }
}
