public import ArgumentParser
public import Parterre

/// Beam search where a line says nothing of its own.
struct BeamOptions: ParsableArguments {
    private static let library = BeamParameters()

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Search for the likeliest texts with that many beams, and return the best -n of them; 1 searches for none.",
            valueName: "count"))
    var beams: Int = library.count

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "A text's score is its log-probability over its length to this power; above 0 favours long texts.",
            valueName: "number"))
    var lengthPenalty: Double = library.lengthPenalty

    @Option(
        help: ArgumentHelp(
            """
            End the search once as many texts have ended as there are beams: true at once, false when the best beam \
            is no better so far, never when it cannot become better.
            """, valueName: "when"))
    var earlyStopping: BeamParameters.EarlyStopping = library.earlyStopping

    var parameters: BeamParameters {
        BeamParameters(count: beams, lengthPenalty: lengthPenalty, earlyStopping: earlyStopping)
    }
}

extension BeamParameters.EarlyStopping: ExpressibleByArgument {}
