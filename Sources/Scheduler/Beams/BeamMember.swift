import Basics
import Kernels
import Models

/// One of a search's beams, and what may continue it.
final class BeamMember {
    var beam: Beam
    private(set) var candidates: BeamCandidates
    private let breadth: Int
    private let alternatives: Int?

    init(beam: Beam, search: BeamSearch, parameters: SamplingParameters) {
        self.beam = beam
        breadth = search.breadth
        alternatives = parameters.logprobs
        candidates = BeamCandidates(limit: search.breadth)
    }

    /// Find the beam's best continuations. Runs on a lane, on one at a time.
    ///
    /// - Parameter logits: `[vocabulary]`; may be overwritten.
    func rank(_ logits: UnsafeMutableBufferPointer<Float>, scratch: SamplingScratch, kernels: KernelSet) {
        let row = UnsafeBufferPointer(logits)
        let distribution = LogprobReport(row, alternatives: alternatives ?? 0, scratch: scratch, kernels)
        let isAdjusted = !beam.adjustments.areIdle(generated: beam.generated)
        var original = row
        if isAdjusted {
            if alternatives != nil { original = scratch.keepOriginal(logits) }
            for token in logits.indices { logits[token] = distribution.logprob(of: logits[token]) }
            beam.adjustments.apply(to: logits, generated: beam.generated)
        }
        candidates.removeAll()
        _ = scratch.scan(row, kernels)
        scratch.gather(row, atLeast: scratch.lowerBound(rank: breadth))
        scratch.keepGreatest(breadth)
        for index in 0..<scratch.count {
            let value = scratch.value(index)
            insert(TokenID(scratch.id(index)), isAdjusted ? value : distribution.logprob(of: value))
        }
        // Where all logits are NaN, the text goes on as a greedy one does.
        if scratch.count == 0 { insert(TokenID(0), -.infinity) }
        if alternatives != nil { candidates.describe { distribution.logprob(of: $0.index, in: original) } }
    }

    private func insert(_ token: TokenID, _ logprob: Float) {
        candidates.insert(BeamCandidate(token: token, score: beam.score + logprob))
    }
}
