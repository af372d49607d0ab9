import Basics
import Kernels
import Models
import Synchronization

@testable import Scheduler

/// Beam search in the plainest way there is: for every step of every beam its whole text is computed anew, alone, without
/// a cache. What the engine finds in any batch must be this.
struct UncachedBeams {
    let engine: BatchEngine

    func texts(of request: GenerationRequest, after prompt: [TokenID]) async throws -> [BeamSearch.Hypothesis] {
        let parameters = request.parameters
        let vocabulary = engine.model.configuration.vocabularySize
        let end = engine.endCondition(of: parameters)
        let scratch = SamplingScratch(vocabularySize: vocabulary)
        var search = BeamSearch(parameters.beams, maxTokens: parameters.maxTokens, endTokens: end.endTokens.count)
        var beams = [
            Beam(
                writer: SampleWriter(
                    sample: 0, parameters: parameters, end: end, stops: StopStrings([]), detokenizer: nil),
                adjustments: LogitAdjustments(
                    parameters, prompt: prompt, endTokens: end.endTokens, vocabularySize: vocabulary))
        ]
        while !beams.isEmpty {
            var candidates: [BeamCandidates] = []
            for beam in beams {
                let last = Mutex<[Float]>([])
                try await engine.scoreUncached([prompt + beam.writer.tokenIDs], lastOnly: true) { _, _, logits in
                    last.withLock { $0 = Array(logits) }
                }
                var logits = last.withLock { $0 }
                let member = BeamMember(beam: beam, search: search, parameters: parameters)
                logits.withUnsafeMutableBufferPointer {
                    member.rank($0, scratch: scratch, kernels: engine.model.kernels)
                }
                candidates.append(member.candidates)
            }
            beams = search.advance(beams, candidates)
        }
        return Array(search.hypotheses.prefix(request.n))
    }
}

/// Tokens, log-probabilities and scores as bits, for comparison.
func fingerprint(_ text: BeamSearch.Hypothesis) -> [[UInt32]] {
    let logprobs: [TokenLogprob?] = text.beam.writer.logprobs ?? text.beam.writer.tokenIDs.map { _ in nil }
    return fingerprint(zip(text.beam.writer.tokenIDs, logprobs).map { SampledToken(id: $0, logprob: $1) })
        + [[text.beam.score.bitPattern, text.score.bitPattern]]
}

func fingerprint(ofBeam completion: Completion) -> [[UInt32]] {
    fingerprint(completion)
        + (completion.beam.map { [[$0.cumulativeLogprob.bitPattern, $0.score.bitPattern]] } ?? [])
}
