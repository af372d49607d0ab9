import Basics

/// What is guessed of one sequence's next tokens, and how its guesses have fared.
final class SequenceSpeculation {
    /// What guesses are read from.
    enum Source {
        /// An earlier place where the last tokens stood, so many of them.
        case match(length: Int)
        case draftModel
    }

    /// The guess, as far as it was followed.
    private(set) var guess: [TokenID] = []
    /// How many tokens of it ride on the step.
    var drafted = 0
    /// The draft model's part, where there is one.
    let draft: SequenceDraft?

    private var lookup: PromptLookup?
    private var source: Source
    private var rates = AcceptanceRates(memory: 0.9)

    /// Trials that what is known of all sequences counts beside the sequence's own.
    private static let weightOfOthers = 2.0
    /// Tokens that the index has room for from the start, beside the known ones.
    private static let expected = 64

    init(draft: SequenceDraft? = nil) {
        self.draft = draft
        source = draft == nil ? .match(length: 0) : .draftModel
    }

    /// What rides on the step.
    var riding: ArraySlice<TokenID> { guess.prefix(drafted) }

    /// Guess up to `most` tokens from the text so far.
    func look(after tokens: [TokenID], most: Int) {
        forget()
        guard most > 0 else { return }
        if lookup == nil { lookup = PromptLookup(expected: tokens.count + Self.expected) }
        guard let match = lookup?.match(tokens) else { return }
        source = .match(length: match.length)
        PromptLookup.follow(match, in: tokens, count: most, into: &guess)
    }

    /// One more token, guessed by the draft model.
    func append(_ token: TokenID) { guess.append(token) }

    /// No guess any more.
    func forget() {
        guess.removeAll(keepingCapacity: true)
        drafted = 0
    }

    /// The sequence loses its blocks, or has ended.
    func release() {
        forget()
        draft?.release()
    }

    // MARK: Chances

    /// The chance that the guessed token of that index is right, given that all before it are.
    func chance(ofToken index: Int, _ all: AcceptanceRates) -> Double {
        let kind = kind(ofToken: index)
        let prior = all.chance(kind: kind, prior: Self.firstChances[kind], weight: Self.weightOfOthers)
        return rates.chance(kind: kind, prior: prior, weight: Self.weightOfOthers)
    }

    /// Chances before anything was tried, by kind.
    private static let firstChances = [0.3, 0.45, 0.6, 0.75, 0.9, 0.6]

    private func kind(ofToken index: Int) -> Int {
        switch source {
        case .match(let length): AcceptanceRates.kind(ofMatch: length + index)
        case .draftModel: AcceptanceRates.kindOfDraftModel
        }
    }

    /// The next tokens are known: `accepted` of the drafted ones were right, and then came `last`. A guess that did not ride
    /// along is judged by its first token all the same.
    func learn(accepted: Int, last: TokenID, _ all: inout AcceptanceRates) {
        for index in 0..<min(accepted + 1, guess.count) {
            let isHit = index < accepted || guess[index] == last
            rates.note(kind: kind(ofToken: index), hit: isHit)
            all.note(kind: kind(ofToken: index), hit: isHit)
        }
    }
}
