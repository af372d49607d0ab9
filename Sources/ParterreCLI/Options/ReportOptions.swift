import ArgumentParser

/// What is told on standard error.
struct ReportOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Tell nothing but errors on standard error.")
    var quiet = false

    @Flag(help: "Tell more on standard error.")
    var verbose = false

    var reporter: Reporter { Reporter(quiet: quiet, verbose: verbose) }
}
