/// Beam search as `transformers` does it: the most likely texts are searched for, nothing is drawn.
///
/// Temperature must be 0; top-k, top-p, min-p and the seed do not count. Penalties, biases and barred end tokens change the
/// log-probabilities, as they do in `transformers`, not the logits.
public struct BeamParameters: Sendable, Equatable {
    /// When the search ends though its beams could go on (`transformers`' `early_stopping`). Either way it ends when no
    /// beam can go on, at `maxTokens` at the latest.
    public enum EarlyStopping: String, Sendable, CaseIterable {
        /// When as many texts have ended as there are beams, and the best beam, ended now, would not be better than the
        /// worst of them. A guess where longer texts may have better scores.
        case no = "false"
        /// As soon as as many texts have ended as there are beams.
        case yes = "true"
        /// When the best beam cannot become better than the worst of them at any length.
        case never
    }

    /// Texts that are followed at a time (`num_beams`); 1 is no beam search.
    public var count: Int = 1
    /// A text's score is the sum of its log-probabilities over its length in tokens (an end token counts) to this power.
    /// Above 0 favours long texts, below 0 short ones.
    public var lengthPenalty: Double = 1
    public var earlyStopping: EarlyStopping = .no

    public init() {}

    public init(count: Int, lengthPenalty: Double = 1, earlyStopping: EarlyStopping = .no) {
        self.count = count
        self.lengthPenalty = lengthPenalty
        self.earlyStopping = earlyStopping
    }

    /// Whether there is a search at all.
    public var isSearch: Bool { count > 1 }
}
