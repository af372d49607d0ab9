import ArgumentParser
import Parterre

/// `--speculate`: the ways of guessing that need no second model.
enum SpeculationWay: String, CaseIterable, ExpressibleByArgument {
    case none
    case ngram

    var speculation: EngineOptions.Speculation {
        switch self {
        case .none: .none
        case .ngram: .promptLookup
        }
    }
}
