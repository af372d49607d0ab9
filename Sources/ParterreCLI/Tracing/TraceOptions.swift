import ArgumentParser

/// Whether a run is recorded, and into which file.
struct TraceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Record every step, and write a page to look at: blocks by owner, batches, times, requests. With a name in "
                + ".json the record alone, for `parterre trace --from`.",
            valueName: "file.html"))
    var trace: String?

    /// `nil` where nothing is recorded.
    ///
    /// - Throws: `CommandError.input` where the file cannot be written.
    func file() throws -> TraceFile? { try trace.map { try TraceFile($0) } }
}
