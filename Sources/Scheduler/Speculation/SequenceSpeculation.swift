import Basics

/// What is guessed of one sequence's next tokens, and how its guesses have fared.
final class SequenceSpeculation {
    /// The guess, as far as it was followed.
    private(set) var guess: [TokenID] = []
    /// How many tokens of it ride on the step.
    var drafted = 0

    private var lookup: PromptLookup?
    private var matchLength = 0
    private var rates = AcceptanceRates(memory: 0.9)

    /// Trials that what is known of all sequences counts beside the sequence's own.
    private static let weightOfOthers = 2.0

    var draft: ArraySlice<TokenID> { guess.prefix(drafted) }

    /// Guess up to `most` tokens from the text so far.
    func guess(after tokens: [TokenID], most: Int) {
        forget()
        guard most > 0 else { return }
        if lookup == nil { lookup = PromptLookup(expected: tokens.count + Self.expected) }
        guard let match = lookup?.match(tokens) else { return }
        matchLength = match.length
        PromptLookup.follow(match, in: tokens, count: most, into: &guess)
    }

    /// No guess any more.
    func forget() {
        guess.removeAll(keepingCapacity: true)
        drafted = 0
    }

    /// Tokens that the index has room for from the start, beside the known ones.
    private static let expected = 64

    /// The chance that the guess is right up to its token of that index and this one, given all before it are.
    func chance(ofToken index: Int, _ all: AcceptanceRates) -> Double {
        let kind = AcceptanceRates.kind(ofMatch: matchLength + index)
        let prior = all.chance(kind: kind, prior: Self.firstChances[kind], weight: Self.weightOfOthers)
        return rates.chance(kind: kind, prior: prior, weight: Self.weightOfOthers)
    }

    /// Chances before anything was tried.
    private static let firstChances = [0.3, 0.45, 0.6, 0.75, 0.9]

    /// The next tokens are known: `accepted` of the drafted ones were right, and then came `last`. A guess that did not ride
    /// along is judged by its first token all the same.
    func learn(accepted: Int, last: TokenID, _ all: inout AcceptanceRates) {
        for index in 0..<min(accepted + 1, guess.count) {
            let kind = AcceptanceRates.kind(ofMatch: matchLength + index)
            let isHit = index < accepted || guess[index] == last
            rates.note(kind: kind, hit: isHit)
            all.note(kind: kind, hit: isHit)
        }
    }
}
