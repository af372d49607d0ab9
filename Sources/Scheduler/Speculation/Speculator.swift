import Basics
import Kernels
import Models

/// Guesses tokens ahead, so that one step can verify several of a sequence's at once.
///
/// A guess is taken only where it equals what the sampler draws from the model's own logits, and draws belong to positions:
/// texts are those of plain decoding, token for token, greedy or not. Confined to the engine's queue.
final class Speculator {
    /// Most tokens that are guessed ahead for a sequence.
    let mostTokens: Int
    /// `nil`: sequences are guessed from their own tokens.
    let draftModel: DraftModel?
    private(set) var counters = SpeculationCounters()
    private let isEager: Bool
    private var rates = AcceptanceRates(memory: 0.99)
    private var guessing: [ScheduledSequence] = []
    private var allotment = DraftAllotment()
    private var trial = DraftTrial()

    /// A token less likely than this to come true is not worth looking at.
    private static let leastChance = 0.02

    /// `nil` where nothing is to be guessed.
    init?(_ speculation: Speculation) {
        switch speculation {
        case .none: return nil
        case .promptLookup(let mostTokens, let isEager):
            (draftModel, self.mostTokens, self.isEager) = (nil, mostTokens, isEager)
        case .draftModel(let model, let mostTokens, let isEager):
            (draftModel, self.mostTokens, self.isEager) = (model, mostTokens, isEager)
        }
    }

    /// A sequence joins.
    func begin() -> SequenceSpeculation {
        SequenceSpeculation(draft: draftModel.map { SequenceDraft(cache: $0.cache) })
    }

    /// Guess what the sequences that decode will say, and choose how much of it the next step verifies.
    func propose(_ scheduler: StepScheduler, crew: WorkerLanes, scratch: [SamplingScratch]) {
        guessing.removeAll(keepingCapacity: true)
        allotment.removeAll()
        var decoding = 0
        for sequence in scheduler.running where sequence.state == .decoding {
            decoding += sequence.places
            guard let speculation = sequence.speculation, case .generate(let sample) = sequence.purpose else {
                continue
            }
            speculation.forget()
            // The last token allowed is drawn from the last row, so it needs no guess.
            let most = min(mostTokens, sample.tokensLeft - 1)
            if draftModel == nil { speculation.look(after: sequence.tokens, most: most) }
            addRows(of: sequence, speculation, draftModel == nil ? speculation.guess.count : most)
        }
        guard !guessing.isEmpty else { return }
        let prompts = scheduler.promptRowsAhead
        let step = DraftAllotment.Step(
            decoding: decoding, prompts: prompts, room: scheduler.draftRoom(beside: decoding, prompts: prompts))
        allot(beside: step, scheduler.costs)
        guard let draftModel else { return }
        guessing.removeAll { $0.speculation?.drafted == 0 }
        if !guessing.isEmpty { draftModel.guess(for: guessing, crew: crew, scratch: scratch) }
    }

    private func addRows(of sequence: ScheduledSequence, _ speculation: SequenceSpeculation, _ count: Int) {
        var chance = 1.0
        for depth in 0..<max(0, count) {
            chance *= speculation.chance(ofToken: depth, rates)
            guard chance >= Self.leastChance || isEager else { break }
            allotment.add(DraftAllotment.Row(chance: chance, sequence: guessing.count, depth: depth))
        }
        guessing.append(sequence)
    }

    private func allot(beside step: DraftAllotment.Step, _ costs: StepCosts) {
        let drafting = draftModel?.costs
        var count = min(allotment.rows.count, step.room)
        if !isEager {
            // Guessing counts as free until a step of it was measured.
            count = allotment.choose(
                beside: step, by: costs, drafting: drafting?.layers.isEmpty == true ? nil : drafting)
        }
        for row in allotment.rows[..<count] { guessing[row.sequence].speculation?.drafted += 1 }
        // What is read from the text is judged by what comes next anyway; a model that does not guess is never right.
        guard let drafting, count == 0 else { return }
        trial.choose(of: guessing, mostTokens: mostTokens, beside: step, by: costs, drafting: drafting)
    }

    /// The sequence has its next tokens: `accepted` of those that rode along, and one more.
    func settle(_ sequence: ScheduledSequence, accepted: Int) {
        guard let speculation = sequence.speculation, let last = sequence.tokens.last else { return }
        counters.drafted += speculation.drafted
        counters.accepted += accepted
        speculation.draft?.keep(accepted: accepted, of: speculation.guess.count)
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
