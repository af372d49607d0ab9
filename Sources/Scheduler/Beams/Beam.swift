import Basics
import Tokenizers

/// A text that beam search follows.
struct Beam: Sendable {
    private(set) var writer: SampleWriter<StreamingDetokenizer>
    /// Of its log-probabilities.
    private(set) var adjustments: LogitAdjustments
    /// Sum of the log-probabilities of its tokens, as they were after penalties and biases.
    private(set) var score: Float = 0
    /// Which of the beams of one step before it continues.
    private(set) var parent = 0

    /// Before its first token.
    init(writer: SampleWriter<StreamingDetokenizer>, adjustments: LogitAdjustments) {
        self.writer = writer
        self.adjustments = adjustments
    }

    /// Tokens so far.
    var generated: Int { writer.generated }
    var hasEnded: Bool { writer.finishReason != nil }
    var lastToken: TokenID? { writer.tokenIDs.last }

    func continued(with candidate: BeamCandidate, parent: Int) -> Beam {
        var beam = self
        beam.parent = parent
        beam.score = candidate.score
        _ = beam.writer.append(SampledToken(id: candidate.token, logprob: candidate.logprob))
        beam.adjustments.accept(candidate.token)
        return beam
    }
}
