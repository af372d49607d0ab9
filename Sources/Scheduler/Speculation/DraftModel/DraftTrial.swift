/// When a draft model that does not pay may show once more what it can do: as seldom as keeps the trials below a fixed share
/// of the time. A function of costs and steps alone.
struct DraftTrial {
    /// Seconds that may be spent.
    private var saved = 0.0

    /// Of all time.
    static let share = 0.02
    /// Tokens that a trial guesses.
    static let tokens = 2

    /// A step goes by without a guess: let one of the sequences have some if there is enough time saved up, the one that takes
    /// the least to catch up.
    mutating func choose(
        of sequences: [ScheduledSequence], mostTokens: Int, beside step: DraftAllotment.Step, by costs: StepCosts,
        drafting: StepCosts
    ) {
        let plain = step.seconds(drafted: 0, costs)
        saved += plain * Self.share
        guard
            let sequence = sequences.min(by: { DraftModel.unseen(of: $0) < DraftModel.unseen(of: $1) }),
            case .generate(let sample) = sequence.purpose
        else { return }
        let tokens = min(Self.tokens, mostTokens, sample.tokensLeft - 1)
        let unseen = min(DraftModel.unseen(of: sequence), DraftModel.chunk)
        guard tokens > 0, tokens <= step.room else { return }
        let guessing =
            drafting.seconds(decoding: 1, prompts: unseen - 1)
            + Double(tokens - 1) * drafting.seconds(decoding: 1, prompts: 0)
        let price = guessing + max(0, step.seconds(drafted: tokens, costs) - plain)
        guard price <= saved else { return }
        saved -= price
        sequence.speculation?.drafted = tokens
    }
}
