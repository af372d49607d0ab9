import Basics
import Models

/// Guesses tokens ahead, so that one step can verify several of a sequence's at once.
///
/// A guess is taken only where it equals what the sampler draws from the model's own logits, and draws belong to positions:
/// texts are those of plain decoding, token for token, greedy or not. Confined to the engine's queue.
final class Speculator {
    /// Most tokens that are guessed ahead for a sequence.
    let mostTokens: Int
    private(set) var counters = SpeculationCounters()
    private var rates = AcceptanceRates(memory: 0.99)
    private var guessing: [SequenceSpeculation] = []
    private var rows: [DraftAllotment.Row] = []

    /// A token less likely than this to come true is not worth looking at.
    private static let leastChance = 0.02

    /// `nil` where nothing is to be guessed.
    init?(_ speculation: Speculation) {
        switch speculation {
        case .none: return nil
        case .promptLookup(let mostTokens): self.mostTokens = mostTokens
        }
    }

    /// A sequence joins.
    func begin() -> SequenceSpeculation { SequenceSpeculation() }

    /// Guess what the sequences that decode will say, and choose how much of it the next step verifies.
    func propose(_ scheduler: StepScheduler) {
        guessing.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        var decoding = 0
        for sequence in scheduler.running where sequence.state == .decoding {
            decoding += 1
            guard let speculation = sequence.speculation, case .generate(let sample) = sequence.purpose else { continue }
            // The last token allowed is drawn from the last row, so it needs no guess.
            speculation.guess(after: sequence.tokens, most: min(mostTokens, sample.tokensLeft - 1))
            addRows(of: speculation)
        }
        let prompts = scheduler.promptRowsAhead
        let allotment = DraftAllotment(
            decoding: decoding, prompts: prompts, room: scheduler.draftRoom(beside: decoding, prompts: prompts))
        for row in rows[..<allotment.choose(&rows, by: scheduler.costs)] { guessing[row.sequence].drafted += 1 }
    }

    private func addRows(of speculation: SequenceSpeculation) {
        var chance = 1.0
        for index in speculation.guess.indices {
            chance *= speculation.chance(ofToken: index, rates)
            guard chance >= Self.leastChance else { break }
            rows.append(DraftAllotment.Row(chance: chance, sequence: guessing.count))
        }
        guessing.append(speculation)
    }

    /// The sequence has its next tokens: `accepted` of those that rode along, and one more.
    func settle(_ sequence: ScheduledSequence, accepted: Int) {
        guard let speculation = sequence.speculation, let last = sequence.tokens.last else { return }
        counters.drafted += speculation.drafted
        counters.accepted += accepted
        speculation.learn(accepted: accepted, last: last, &rates)
        speculation.forget()
    }
}

/// What guessing ahead came to.
public struct SpeculationCounters: Sendable, Equatable {
    /// Guessed tokens that were verified.
    public internal(set) var drafted = 0
    /// Those of them that came true. Each saved its sequence a step.
    public internal(set) var accepted = 0
}
