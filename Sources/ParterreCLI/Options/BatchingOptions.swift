import ArgumentParser
import Parterre

/// For commands that answer requests.
struct BatchingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "continuous: sequences join and leave between steps; static: a left-padded batch runs to its end.",
            valueName: "way"))
    var batching: EngineOptions.Batching = .continuous
}
