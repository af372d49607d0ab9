import Foundation

/// The search itself: which beams go on and which texts have ended, from the best continuations of each beam.
///
/// Follows `transformers`' `GenerationMixin._beam_search` (5.24), in float32 as there: of each step's best
/// (1 + end tokens) · beams continuations, at least 2 · beams, those that end are texts if they are among the first
/// `beams`, and the first `beams` of the others go on. What ends behind them is dropped. Two things are left out because they
/// change no result: beams that only fill up a tensor, with scores of −10⁹, and the freezing of a batch's finished rows.
struct BeamSearch: Sendable {
    /// A text that has ended.
    struct Hypothesis: Sendable {
        var beam: Beam
        /// The beam's score over its length to the power of the length penalty.
        var score: Float
    }

    let parameters: BeamParameters
    let maxTokens: Int
    /// Continuations that are looked at in a step, of one beam and of all together.
    let breadth: Int
    /// Best first, of equals the earliest; at most as many as there are beams.
    private(set) var hypotheses: [Hypothesis] = []

    /// - Parameter endTokens: how many tokens end a text.
    init(_ parameters: BeamParameters, maxTokens: Int, endTokens: Int) {
        self.parameters = parameters
        self.maxTokens = maxTokens
        breadth = Self.breadth(beams: parameters.count, endTokens: endTokens)
    }

    static func breadth(beams: Int, endTokens: Int) -> Int { max(2, 1 + endTokens) * beams }

    /// Most beams for which every step has enough continuations, barred end tokens counted out.
    static func mostBeams(vocabularySize: Int, endTokens: Int) -> Int {
        (vocabularySize - endTokens) / breadth(beams: 1, endTokens: endTokens)
    }

    /// Returns the beams of the next step, best first; none when the search is over.
    ///
    /// - Parameter candidates: of each of `beams`, its best `breadth` continuations.
    mutating func advance(_ beams: [Beam], _ candidates: [BeamCandidates]) -> [Beam] {
        var next: [Beam] = []
        var place = 0
        BeamCandidates.forEachBest(breadth, of: candidates) { parent, candidate in
            let beam = beams[parent].continued(with: candidate, parent: parent)
            if !beam.hasEnded {
                next.append(beam)
            } else if place < parameters.count {
                end(beam)
            }
            place += 1
            return next.count < parameters.count || place < parameters.count
        }
        guard let best = next.first, canImprove(best) else { return [] }
        return next
    }

    private mutating func end(_ beam: Beam) {
        let new = Hypothesis(beam: beam, score: score(beam, length: beam.generated))
        let place = hypotheses.firstIndex { $0.score < new.score } ?? hypotheses.endIndex
        hypotheses.insert(new, at: place)
        if hypotheses.count > parameters.count { hypotheses.removeLast() }
    }

    private func canImprove(_ best: Beam) -> Bool {
        guard hypotheses.count == parameters.count, let worst = hypotheses.last else { return true }
        switch parameters.earlyStopping {
        case .yes: return false
        case .no: return score(best, length: best.generated) > worst.score
        case .never:
            let length = parameters.lengthPenalty > 0 ? maxTokens : best.generated
            return score(best, length: length) > worst.score
        }
    }

    /// The beam as if it ended where it is.
    func hypothesis(_ beam: Beam) -> Hypothesis {
        Hypothesis(beam: beam, score: score(beam, length: max(1, beam.generated)))
    }

    private func score(_ beam: Beam, length: Int) -> Float {
        beam.score / Float(pow(Double(length), parameters.lengthPenalty))
    }
}
