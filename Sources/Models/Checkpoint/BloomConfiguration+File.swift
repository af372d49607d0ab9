extension BloomConfiguration {
    // With these limits no product of sizes below can overflow: the largest, all weights of all layers in float32, is
    // 2^16 · 12 · 2^40 · 4 < 2^62. The largest BLOOM has 14336, 70 and 250880.
    private static let largestHiddenSize = 1 << 20
    private static let largestLayerCount = 1 << 16
    private static let largestVocabulary = Int(Int32.max)

    /// Read and check a `config.json`.
    ///
    /// - Throws: `CheckpointError`.
    init(path: String) throws { try self.init(JSONFile(path: path)) }

    init(_ file: JSONFile) throws {
        // First, so that another model's file is called by its name and not blamed for a missing n_layer.
        try Self.checkArchitecture(file)

        vocabularySize = try Self.size(file, ["vocab_size"], limit: Self.largestVocabulary)
        hiddenSize = try Self.size(file, ["hidden_size", "n_embed"], limit: Self.largestHiddenSize)
        layerCount = try Self.size(file, ["n_layer", "num_hidden_layers"], limit: Self.largestLayerCount)
        headCount = try Self.size(file, ["n_head", "num_attention_heads"], limit: hiddenSize)
        guard hiddenSize.isMultiple(of: headCount) else {
            throw CheckpointError.malformed(
                file: file.path, problem: "\(headCount) attention heads do not divide the hidden size \(hiddenSize)")
        }
        if let inner = try file.integer("n_inner"), inner != 4 * hiddenSize {
            throw file.failure("n_inner", "is \(inner), but BLOOM's is four times the hidden size, \(4 * hiddenSize)")
        }

        let epsilon = try file.number("layer_norm_epsilon") ?? 1e-5
        // As a float: a double too small for it would be 0, and a layer norm divide by 0.
        guard Float(epsilon) > 0, Float(epsilon).isFinite else {
            throw file.failure("layer_norm_epsilon", "must be a positive number, not \(epsilon)")
        }
        layerNormEpsilon = Float(epsilon)
        residualAfterLayerNorm = try file.boolean("apply_residual_connection_post_layernorm") ?? false
        tiedHead = try file.boolean("tie_word_embeddings") ?? true

        // A key that is missing means BLOOM's own id, a null means none.
        bosTokenID = try file.contains("bos_token_id") ? file.integer("bos_token_id") : 1
        eosTokenIDs = try file.contains("eos_token_id") ? file.integers("eos_token_id") ?? [] : [2]
        padTokenID = try file.integer("pad_token_id")
        try checkTokens(file)
    }

    /// Take over the token ids that a `generation_config.json` gives.
    ///
    /// - Throws: `CheckpointError`.
    mutating func readTokens(_ generation: JSONFile) throws {
        if generation.contains("bos_token_id") { bosTokenID = try generation.integer("bos_token_id") }
        if generation.contains("eos_token_id") { eosTokenIDs = try generation.integers("eos_token_id") ?? [] }
        if generation.contains("pad_token_id") { padTokenID = try generation.integer("pad_token_id") }
        try checkTokens(generation)
    }

    /// - Throws: `CheckpointError.malformed` when a token id lies outside the vocabulary. `file` is where they come from.
    private func checkTokens(_ file: JSONFile) throws {
        for (key, ids) in [
            ("bos_token_id", bosTokenID.map { [$0] } ?? []), ("eos_token_id", eosTokenIDs),
            ("pad_token_id", padTokenID.map { [$0] } ?? []),
        ] {
            for id in ids where !(0..<vocabularySize).contains(id) {
                throw file.failure(key, "is \(id), outside the vocabulary of \(vocabularySize) tokens")
            }
        }
    }

    private static func checkArchitecture(_ file: JSONFile) throws {
        guard let type = try file.string("model_type") else {
            throw file.failure("model_type", "is missing: a BLOOM checkpoint says \"bloom\" there")
        }
        guard type == "bloom" else { throw CheckpointError.unsupportedArchitecture(file: file.path, found: type) }
        let architectures = try file.value("architectures", as: [String].self, "a list of strings") ?? []
        for name in architectures where !name.hasPrefix("Bloom") {
            throw CheckpointError.unsupportedArchitecture(file: file.path, found: name)
        }
    }

    /// A size that goes by several names; where the file has more than one of them, they must agree.
    private static func size(_ file: JSONFile, _ keys: [String], limit: Int) throws -> Int {
        var found: (key: String, value: Int)?
        for key in keys {
            guard let value = try file.integer(key) else { continue }
            guard (1...limit).contains(value) else {
                throw file.failure(key, "is \(value): it must be between 1 and \(limit)")
            }
            if let found, found.value != value {
                throw file.failure(key, "is \(value), but \(found.key) is \(found.value)")
            }
            found = found ?? (key, value)
        }
        guard let found else { throw file.failure(keys.joined(separator: " or "), "is missing") }
        return found.value
    }
}
