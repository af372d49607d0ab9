import Foundation

/// A checkpoint of a published BLOOM shape with random weights, written to a temporary folder.
struct RandomModel {
    enum Shape: String, CaseIterable {
        case bloom560m = "bloom-560m"
        case bloom1b1 = "1b1"
        case bloom1b7 = "1b7"
        case bloom3b = "3b"

        var size: (hidden: Int, layers: Int, heads: Int) {
            switch self {
            case .bloom560m: (1024, 24, 16)
            case .bloom1b1: (1536, 24, 16)
            case .bloom1b7: (2048, 24, 16)
            case .bloom3b: (2560, 30, 32)
            }
        }
    }

    static let vocabulary = 250_880
    let shape: Shape
    let isBF16: Bool

    var layerParameters: Double {
        Double(shape.size.layers) * 12 * Double(shape.size.hidden) * Double(shape.size.hidden)
    }
    var headParameters: Double { Double(Self.vocabulary) * Double(shape.size.hidden) }

    private var tensors: [(name: String, shape: [Int])] {
        let h = shape.size.hidden
        var list = [
            ("word_embeddings.weight", [Self.vocabulary, h]), ("word_embeddings_layernorm.weight", [h]),
            ("word_embeddings_layernorm.bias", [h]),
        ]
        for layer in 0..<shape.size.layers {
            list += [
                ("input_layernorm.weight", [h]), ("input_layernorm.bias", [h]),
                ("self_attention.query_key_value.weight", [3 * h, h]), ("self_attention.query_key_value.bias", [3 * h]),
                ("self_attention.dense.weight", [h, h]), ("self_attention.dense.bias", [h]),
                ("post_attention_layernorm.weight", [h]), ("post_attention_layernorm.bias", [h]),
                ("mlp.dense_h_to_4h.weight", [4 * h, h]), ("mlp.dense_h_to_4h.bias", [4 * h]),
                ("mlp.dense_4h_to_h.weight", [h, 4 * h]), ("mlp.dense_4h_to_h.bias", [h]),
            ].map { ("h.\(layer).\($0.0)", $0.1) }
        }
        return list + [("ln_f.weight", [h]), ("ln_f.bias", [h])]
    }

    func write(to folder: URL) throws {
        let size = shape.size
        let config: [String: Any] = [
            "model_type": "bloom", "hidden_size": size.hidden, "n_layer": size.layers, "n_head": size.heads,
            "vocab_size": Self.vocabulary, "eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 3,
        ]
        try JSONSerialization.data(withJSONObject: config).write(to: folder.appending(path: "config.json"))

        let width = isBF16 ? 2 : 4
        var header: [String: Any] = [:]
        var offset = 0
        for (name, shape) in tensors {
            let bytes = shape.reduce(width, *)
            header[name] = [
                "dtype": isBF16 ? "BF16" : "F32", "shape": shape, "data_offsets": [offset, offset + bytes],
            ]
            offset += bytes
        }
        let json = try JSONSerialization.data(withJSONObject: header)
        let file = folder.appending(path: "model.safetensors")
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.write(contentsOf: withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) })
        try handle.write(contentsOf: json)
        var state: UInt64 = 1
        for (name, shape) in tensors {
            let isScale = name.contains("norm.weight") || name == "ln_f.weight"
            var left = shape.reduce(1, *)
            while left > 0 {
                let count = min(left, 1 << 20)
                try handle.write(contentsOf: chunk(count, mean: isScale ? 1 : 0, &state))
                left -= count
            }
        }
    }

    /// Values uniform in mean ± 0.035 (deviation 0.02, as BLOOM is initialised).
    private func chunk(_ count: Int, mean: Float, _ state: inout UInt64) -> Data {
        var data = Data(count: count * (isBF16 ? 2 : 4))
        data.withUnsafeMutableBytes { raw in
            for i in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let value = mean + (Float(state >> 40) * 0x1p-24 - 0.5) * 0.07
                if isBF16 {
                    raw.storeBytes(of: UInt16(value.bitPattern >> 16), toByteOffset: i * 2, as: UInt16.self)
                } else {
                    raw.storeBytes(of: value.bitPattern, toByteOffset: i * 4, as: UInt32.self)
                }
            }
        }
        return data
    }
}
