import ArgumentParser

/// `auto` or a number of tokens.
struct PrefillChunk: ExpressibleByArgument, Equatable {
    /// `nil`: the engine chooses.
    var tokens: Int?

    init(tokens: Int?) { self.tokens = tokens }

    init?(argument: String) {
        if argument == "auto" {
            tokens = nil
        } else if let number = Int(argument) {
            tokens = number
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { tokens.map(String.init) ?? "auto" }
}
