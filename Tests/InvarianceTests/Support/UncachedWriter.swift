import Basics
import Kernels
import Models
import Synchronization

@testable import Scheduler

/// Continues one sequence in the plainest way there is: for every token the whole sequence is computed anew, alone,
/// without a cache. What the engine writes in any batch must be this.
struct UncachedWriter {
    let engine: BatchEngine

    func tokens(after prompt: [TokenID], _ parameters: SamplingParameters, sample: Int) async throws -> [SampledToken] {
        let shape = engine.model.configuration
        let end = EndCondition(parameters, modelEndTokens: shape.eosTokenIDs.map(TokenID.init))
        var sampler = SequenceSampler(
            parameters, sample: sample, prompt: prompt, endTokens: end.endTokens, vocabularySize: shape.vocabularySize,
            kernels: engine.model.kernels)
        let scratch = SamplingScratch(vocabularySize: shape.vocabularySize)
        var tokens = prompt
        var written: [SampledToken] = []
        while true {
            let last = Mutex<[Float]>([])
            try await engine.scoreUncached([tokens], lastOnly: true) { _, _, logits in
                last.withLock { $0 = Array(logits) }
            }
            var logits = last.withLock { $0 }
            let token = logits.withUnsafeMutableBufferPointer {
                sampler.next(logits: $0, generated: written.count, scratch: scratch)
            }
            sampler.accept(token.id)
            tokens.append(token.id)
            written.append(token)
            let isEnd = end.isEnd(token.id, generated: written.count)
            if end.reason(endToken: isEnd, stopString: false, generated: written.count) != nil { return written }
        }
    }
}

/// Tokens and log-probabilities as bits, for comparison.
func fingerprint(_ tokens: [SampledToken]) -> [[UInt32]] {
    tokens.map { token in
        [UInt32(bitPattern: token.id.rawValue)]
            + (token.logprob.map {
                [$0.logprob.bitPattern] + $0.top.flatMap { [UInt32($0.id.index), $0.logprob.bitPattern] }
            } ?? [])
    }
}

func fingerprint(_ completion: Completion) -> [[UInt32]] {
    let logprobs: [TokenLogprob?] = completion.logprobs ?? completion.tokenIDs.map { _ in nil }
    return fingerprint(zip(completion.tokenIDs, logprobs).map { SampledToken(id: $0, logprob: $1) })
}
