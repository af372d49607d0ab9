import ArgumentParser
import Forms
import Parterre

/// How tokens are chosen where a line says nothing of its own.
struct SamplingOptions: ParsableArguments {
    private static let library = SamplingParameters()

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Most tokens to generate for each sample. (default: the model's, else 128)",
            valueName: "count"))
    var maxTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("End tokens and stop strings do not count before that many tokens.", valueName: "count"))
    var minTokens: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "0 takes the likeliest token each time; higher values vary more. (default: the model's, else 0)",
            valueName: "number"))
    var temperature: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Draw from the k likeliest tokens; 0 or -1 draws from all. (default: the model's, else 0)",
            valueName: "k"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Draw from the likeliest tokens that together reach this probability. (default: the model's, else 1)",
            valueName: "share"))
    var topP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Drop tokens less likely than this share of the likeliest one. (default: the model's, else 0)",
            valueName: "share"))
    var minP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Above 1, tokens of prompt and text so far become less likely. (default: the model's, else 1)",
            valueName: "factor"))
    var repetitionPenalty: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Taken from the logit of each token generated so far, -2 to 2.", valueName: "number"))
    var presencePenalty: Float = library.presencePenalty

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Taken from a token's logit once per time it was generated, -2 to 2.", valueName: "number"))
    var frequencyPenalty: Float = library.frequencyPenalty

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add to the logit of a token, -100 to 100; may be repeated.", valueName: "id=number"))
    var logitBias: [LogitBias] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seed of the random draws; the same seed gives the same text.", valueName: "number"))
    var seed: UInt64 = library.seed

    @Option(
        name: [.customShort("n"), .customLong("n")],
        parsing: .unconditional,
        help: ArgumentHelp("Samples for each prompt.", valueName: "count"))
    var n: Int = 1

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("End a text before this string; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Tokens that end a text: 5 or 5,7; may be repeated.", valueName: "ids"))
    var stopTokenIds: [TokenIDList] = []

    @Flag(name: .customLong("ignore-eos"), help: "Take the model's end tokens as tokens like any other.")
    var ignoreEOS = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Report each token's log-probability and those of this many likeliest ones, 0 to 20.", valueName: "count"))
    var logprobs: Int?

    @OptionGroup var beam: BeamOptions

    /// The options that were given, over what the model's publisher recommends. A file of the model that cannot be read
    /// is left to be reported when the model is loaded.
    func defaults(for model: ModelSource) -> RequestOptions {
        defaults(over: (try? model.samplingDefaults()) ?? SamplingParameters())
    }

    func defaults(over recommended: SamplingParameters) -> RequestOptions {
        var p = recommended
        p.maxTokens = maxTokens ?? p.maxTokens
        p.minTokens = minTokens ?? p.minTokens
        p.temperature = temperature ?? p.temperature
        p.topK = topK ?? p.topK
        p.topP = topP ?? p.topP
        p.minP = minP ?? p.minP
        p.repetitionPenalty = repetitionPenalty ?? p.repetitionPenalty
        p.presencePenalty = presencePenalty
        p.frequencyPenalty = frequencyPenalty
        p.logitBias = Dictionary(logitBias.map { ($0.id, $0.bias) }) { $1 }
        p.seed = seed
        p.stop = stop
        p.stopTokenIDs = stopTokenIds.flatMap(\.ids)
        p.ignoreEOS = ignoreEOS
        p.logprobs = logprobs
        p.beams = beam.parameters
        // What the model recommends for drawing gives way to a search.
        if p.beams.isSearch, temperature == nil { p.temperature = 0 }
        return RequestOptions(parameters: p, n: n)
    }

    /// A bad option is a usage error before anything is loaded; a bad field of a line is that line's error.
    func validate() throws {
        do {
            // Whether the model has such tokens is known once it is loaded.
            try defaults(over: SamplingParameters()).parameters.validate(n: n, vocabularySize: .max)
        } catch .invalid(let field, let reason) {
            throw ValidationError("--\(field.replacing("_", with: "-")): \(reason)")
        } catch {
            throw ValidationError(error.message)
        }
    }
}

/// `5=-100`.
struct LogitBias: ExpressibleByArgument, Equatable {
    var id: TokenID
    var bias: Float

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int32(parts[0]), id >= 0, let bias = Float(parts[1]) else { return nil }
        self.id = TokenID(rawValue: id)
        self.bias = bias
    }
}

/// `5` or `5,7,9`.
struct TokenIDList: ExpressibleByArgument, Equatable {
    var ids: [TokenID] = []

    init?(argument: String) {
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let id = Int32(part), id >= 0 else { return nil }
            ids.append(TokenID(rawValue: id))
        }
    }
}
