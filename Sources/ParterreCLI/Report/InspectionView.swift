import Forms
import Parterre

/// What `parterre inspect` shows.
struct InspectionView {
    var inspection: ModelInspection

    private var packed: [(format: String, bytes: Int)] {
        inspection.packedBytes.sorted { $0.key < $1.key }.map { (format: $0.key, bytes: $0.value) }
    }

    private var cached: [(format: String, bytes: Int)] {
        inspection.bytesPerCachedToken.sorted { $0.key < $1.key }.map { (format: $0.key, bytes: $0.value) }
    }

    var text: String {
        let configuration = inspection.configuration
        var table = Table()
        table.title(inspection.directory)
        table.row("vocabulary", Figures.grouped(configuration.vocabularySize))
        table.row("hidden size", "\(configuration.hiddenSize)")
        table.row("layers", "\(configuration.layerCount)")
        table.row("heads", "\(configuration.headCount) of \(configuration.headDim)")
        table.row("layer norm epsilon", "\(configuration.layerNormEpsilon)")
        table.row("residual", configuration.residualAfterLayerNorm ? "after the layer norm" : "before the layer norm")
        table.row(
            "tokens",
            "bos \(Self.word(configuration.bosTokenID)), "
                + "eos \(configuration.eosTokenIDs.map(String.init).joined(separator: " ")), "
                + "pad \(Self.word(configuration.padTokenID))")
        table.row("tokenizer.json", inspection.hasTokenizer ? "yes" : "no: prompts must be token ids")
        if let format = inspection.packedFormat { table.row("weights", "packed as \(format)") }

        table.title("Size")
        table.row("parameters", Figures.grouped(inspection.parameterCount))
        for (format, bytes) in packed { table.row("weights as \(format)", Figures.bytes(bytes)) }
        for (format, bytes) in cached { table.row("cached token as \(format)", Figures.bytes(bytes)) }

        table.title("Tensors")
        for tensor in inspection.tensors {
            let shape = tensor.shape.map(String.init).joined(separator: ", ")
            table.row(tensor.name, "\(tensor.type) [\(shape)]  \(Figures.bytes(tensor.bytes))  \(tensor.file)")
        }
        return table.text
    }

    var json: JSON {
        let configuration = inspection.configuration
        return .object([
            "directory": .string(inspection.directory),
            "configuration": .object([
                "vocab_size": .integer(configuration.vocabularySize),
                "hidden_size": .integer(configuration.hiddenSize),
                "n_layer": .integer(configuration.layerCount),
                "n_head": .integer(configuration.headCount),
                "layer_norm_epsilon": .float(configuration.layerNormEpsilon),
                "apply_residual_connection_post_layernorm": .bool(configuration.residualAfterLayerNorm),
                "bos_token_id": configuration.bosTokenID.map(JSON.integer) ?? .null,
                "eos_token_id": .array(configuration.eosTokenIDs.map(JSON.integer)),
                "pad_token_id": configuration.padTokenID.map(JSON.integer) ?? .null,
            ]),
            "has_tokenizer": .bool(inspection.hasTokenizer),
            "packed_format": inspection.packedFormat.map(JSON.string) ?? .null,
            "parameters": .integer(inspection.parameterCount),
            "packed_bytes": .object(packed.map { JSON.Member(name: $0.format, value: .integer($0.bytes)) }),
            "cache_format": .string(inspection.cacheFormat),
            "bytes_per_cached_token": .integer(inspection.bytesPerCachedToken[inspection.cacheFormat] ?? 0),
            "cached_token_bytes": .object(cached.map { JSON.Member(name: $0.format, value: .integer($0.bytes)) }),
            "tensors": .array(
                inspection.tensors.map {
                    .object([
                        "name": .string($0.name), "type": .string($0.type),
                        "shape": .array($0.shape.map(JSON.integer)), "bytes": .integer($0.bytes),
                        "file": .string($0.file),
                    ])
                }),
        ])
    }

    private static func word(_ id: Int?) -> String { id.map(String.init) ?? "none" }
}
