public import Foundation

/// A BLOOM checkpoint of random weights, written as Hugging Face lays it out (without a tokenizer).
public struct RandomCheckpoint: Sendable, CustomStringConvertible {
    public enum ElementType: String, Sendable {
        case f32 = "F32"
        case bf16 = "BF16"
    }

    public var hidden: Int
    public var heads: Int
    public var layers: Int
    public var vocabulary: Int
    public var residualAfterLayerNorm: Bool
    public var type: ElementType
    public var seed: UInt64
    /// So many rows of the embedding over and over: all tokens that share one have equal logits.
    public var distinctTokens: Int?

    public init(
        hidden: Int, heads: Int, layers: Int = 2, vocabulary: Int = 97, residualAfterLayerNorm: Bool = false,
        type: ElementType = .f32, seed: UInt64 = 1, distinctTokens: Int? = nil
    ) {
        self.hidden = hidden
        self.heads = heads
        self.layers = layers
        self.vocabulary = vocabulary
        self.residualAfterLayerNorm = residualAfterLayerNorm
        self.type = type
        self.seed = seed
        self.distinctTokens = distinctTokens
    }

    public var description: String {
        "\(heads) heads of \(hidden / heads), \(layers) layers, \(type.rawValue)"
            + (residualAfterLayerNorm ? ", residual after layer norm" : "")
    }

    public func write(to directory: URL) throws {
        let config: [String: Any] = [
            "model_type": "bloom", "architectures": ["BloomForCausalLM"], "hidden_size": hidden, "n_layer": layers,
            "n_head": heads, "vocab_size": vocabulary, "layer_norm_epsilon": 1e-5,
            "apply_residual_connection_post_layernorm": residualAfterLayerNorm, "bos_token_id": 1, "eos_token_id": 2,
            "pad_token_id": 3,
        ]
        try JSONSerialization.data(withJSONObject: config).write(to: directory.appending(path: "config.json"))
        try safetensors().write(to: directory.appending(path: "model.safetensors"))
    }

    private var shapes: [(name: String, shape: [Int])] {
        var result: [(String, [Int])] = [
            ("word_embeddings.weight", [vocabulary, hidden]), ("word_embeddings_layernorm.weight", [hidden]),
            ("word_embeddings_layernorm.bias", [hidden]),
        ]
        for layer in 0..<layers {
            for (name, shape) in [
                ("input_layernorm.weight", [hidden]), ("input_layernorm.bias", [hidden]),
                ("self_attention.query_key_value.weight", [3 * hidden, hidden]),
                ("self_attention.query_key_value.bias", [3 * hidden]),
                ("self_attention.dense.weight", [hidden, hidden]),
                ("self_attention.dense.bias", [hidden]), ("post_attention_layernorm.weight", [hidden]),
                ("post_attention_layernorm.bias", [hidden]), ("mlp.dense_h_to_4h.weight", [4 * hidden, hidden]),
                ("mlp.dense_h_to_4h.bias", [4 * hidden]), ("mlp.dense_4h_to_h.weight", [hidden, 4 * hidden]),
                ("mlp.dense_4h_to_h.bias", [hidden]),
            ] {
                result.append(("h.\(layer).\(name)", shape))
            }
        }
        return result + [("ln_f.weight", [hidden]), ("ln_f.bias", [hidden])]
    }

    private func safetensors() throws -> Data {
        var generator = SplitMix64(seed: seed)
        var header: [String: Any] = [:]
        var body = Data()
        for (name, shape) in shapes {
            let count = shape.reduce(1, *)
            let isScale = name.hasSuffix("norm.weight") || name == "ln_f.weight"
            // Wide enough that logits are far from flat and attention is far from uniform.
            let spread: Float = shape.count == 2 ? 1.2 / Float(hidden).squareRoot() : 0.2
            let begin = body.count
            let drawn = name == "word_embeddings.weight" ? min(count, (distinctTokens ?? vocabulary) * hidden) : count
            for _ in 0..<drawn {
                let value = generator.normal() * spread + (isScale ? 1 : 0)
                switch type {
                case .f32: withUnsafeBytes(of: value.bitPattern.littleEndian) { body.append(contentsOf: $0) }
                case .bf16:
                    withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian) { body.append(contentsOf: $0) }
                }
            }
            let bytes = count * (type == .f32 ? 4 : 2)
            while body.count - begin < bytes {
                body.append(body[begin...].prefix(bytes - (body.count - begin)))
            }
            header[name] = ["dtype": type.rawValue, "shape": shape, "data_offsets": [begin, body.count]]
        }
        var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
        var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
        file.append(json)
        file.append(body)
        return file
    }
}
