extension BloomConfiguration {
    /// Visit every tensor that a checkpoint of this configuration must hold, in the order of the forward pass, named as
    /// `BloomForCausalLM` names it without `transformer.`. A matrix is `[outputs, inputs]`. The rows of
    /// `query_key_value` are `[heads, 3, headDim]`.
    public func forEachTensor(_ visit: (_ name: String, _ shape: [Int]) throws -> Void) rethrows {
        let hidden = hiddenSize

        func layerNorm(_ name: String) throws {
            try visit("\(name).weight", [hidden])
            try visit("\(name).bias", [hidden])
        }
        func linear(_ name: String, outputs: Int, inputs: Int) throws {
            try visit("\(name).weight", [outputs, inputs])
            try visit("\(name).bias", [outputs])
        }

        try visit("word_embeddings.weight", [vocabularySize, hidden])
        try layerNorm("word_embeddings_layernorm")
        for layer in 0..<layerCount {
            try layerNorm("h.\(layer).input_layernorm")
            try linear("h.\(layer).self_attention.query_key_value", outputs: 3 * hidden, inputs: hidden)
            try linear("h.\(layer).self_attention.dense", outputs: hidden, inputs: hidden)
            try layerNorm("h.\(layer).post_attention_layernorm")
            try linear("h.\(layer).mlp.dense_h_to_4h", outputs: 4 * hidden, inputs: hidden)
            try linear("h.\(layer).mlp.dense_4h_to_h", outputs: hidden, inputs: 4 * hidden)
        }
        try layerNorm("ln_f")
        if !tiedHead { try visit("lm_head.weight", [vocabularySize, hidden]) }
    }

    /// How many tensors `forEachTensor` visits.
    public var tensorCount: Int { 5 + 12 * layerCount + (tiedHead ? 0 : 1) }

    /// Weights and biases, a tied head counted once.
    public var parameterCount: Int {
        var count = 0
        forEachTensor { _, shape in count += shape.reduce(1, *) }
        return count
    }
}
