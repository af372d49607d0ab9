/// A BLOOM `config.json`, checked. Field names of the file in the comments.
public struct BloomConfiguration: Sendable, Hashable {
    /// `vocab_size`: rows of the word embedding.
    public var vocabularySize: Int
    /// `hidden_size` (or `n_embed`).
    public var hiddenSize: Int
    /// `n_layer` (or `num_hidden_layers`).
    public var layerCount: Int
    /// `n_head` (or `num_attention_heads`).
    public var headCount: Int
    /// `layer_norm_epsilon`, 1e-5 by default.
    public var layerNormEpsilon: Float
    /// `apply_residual_connection_post_layernorm`, false by default.
    public var residualAfterLayerNorm: Bool
    /// `tie_word_embeddings`, true by default: the head's weights are the word embedding's. A checkpoint whose files hold
    /// a `lm_head.weight` of other values is untied whatever its config.json says, as in `transformers`.
    public var tiedHead: Bool
    public var bosTokenID: Int?
    /// `eos_token_id`: one or several; of `generation_config.json` where that file has it.
    public var eosTokenIDs: [Int]
    public var padTokenID: Int?

    public var headDim: Int { hiddenSize / headCount }

    public init(
        vocabularySize: Int, hiddenSize: Int, layerCount: Int, headCount: Int, layerNormEpsilon: Float = 1e-5,
        residualAfterLayerNorm: Bool = false, tiedHead: Bool = true, bosTokenID: Int? = 1, eosTokenIDs: [Int] = [2],
        padTokenID: Int? = 3
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.layerNormEpsilon = layerNormEpsilon
        self.residualAfterLayerNorm = residualAfterLayerNorm
        self.tiedHead = tiedHead
        self.bosTokenID = bosTokenID
        self.eosTokenIDs = eosTokenIDs
        self.padTokenID = padTokenID
    }
}
