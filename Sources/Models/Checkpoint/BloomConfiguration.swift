/// A BLOOM `config.json`, checked. Field names of the file in the comments.
public struct BloomConfiguration: Sendable, Equatable {
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
    public var bosTokenID: Int?
    /// `eos_token_id`: one or several; of `generation_config.json` where that file has it.
    public var eosTokenIDs: [Int]
    public var padTokenID: Int?

    public var headDim: Int { hiddenSize / headCount }
}
