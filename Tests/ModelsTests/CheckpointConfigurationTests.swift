import Foundation
import TestSupport
import Testing

@testable import Models

/// A published BLOOM configuration, as its `config.json` writes it (keys differ from size to size), and the number of
/// parameters that its model card states.
struct PublishedModel: Sendable, CustomTestStringConvertible {
    let name: String
    let config: String
    let hidden: Int
    let layers: Int
    let heads: Int
    let parameters: Int

    var testDescription: String { name }

    private static let common = """
        "apply_residual_connection_post_layernorm": false, "attention_dropout": 0.0, "attention_softmax_in_fp32": true,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "unk_token_id": 0, "hidden_dropout": 0.0,
        "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "masked_softmax_fusion": true, "model_type": "bloom",
        "skip_bias_add": true, "skip_bias_add_qkv": false, "use_cache": true, "vocab_size": 250880
        """

    static let all = [
        PublishedModel(
            name: "bloom-560m",
            config: """
                {"architectures": ["BloomForCausalLM"], "bias_dropout_fusion": true, "n_embed": 1024, "n_inner": null,
                 "n_layer": 24, "num_attention_heads": 16, "offset_alibi": 100, "pretraining_tp": 1,
                 "slow_but_exact": false, "torch_dtype": "float16", "transformers_version": "4.20.0", \(common)}
                """, hidden: 1024, layers: 24, heads: 16, parameters: 559_214_592),
        PublishedModel(
            name: "bloom-1b1",
            config: """
                {"architectures": ["BloomModel"], "hidden_size": 1536, "n_inner": null, "n_layer": 24, "n_head": 16,
                 "offset_alibi": 100, "pretraining_tp": 1, \(common)}
                """, hidden: 1536, layers: 24, heads: 16, parameters: 1_065_314_304),
        PublishedModel(
            name: "bloom-1b7",
            config: """
                {"architectures": ["BloomForCausalLM"], "n_embed": 2048, "n_inner": null, "n_layer": 24,
                 "num_attention_heads": 16, "pretraining_tp": 2, \(common)}
                """, hidden: 2048, layers: 24, heads: 16, parameters: 1_722_408_960),
        PublishedModel(
            name: "bloom-3b",
            config: """
                {"architectures": ["BloomForCausalLM"], "n_embed": 2560, "n_inner": null, "n_layer": 30,
                 "num_attention_heads": 32, "pretraining_tp": 4, \(common)}
                """, hidden: 2560, layers: 30, heads: 32, parameters: 3_002_557_440),
        PublishedModel(
            name: "bloom-7b1",
            config: """
                {"hidden_size": 4096, "n_inner": null, "n_layer": 30, "n_head": 32, "seq_length": 2048,
                 "offset_alibi": 100, "pretraining_tp": 1, \(common)}
                """, hidden: 4096, layers: 30, heads: 32, parameters: 7_069_016_064),
        PublishedModel(
            name: "bloom (176b)",
            config: """
                {"architectures": ["BloomForCausalLM"], "n_embed": 14336, "n_layer": 70, "num_attention_heads": 112,
                 "pretraining_tp": 4, "seq_length": 2048, "slow_but_exact": false,
                 "transformers_version": "4.21.0.dev0", \(common)}
                """, hidden: 14336, layers: 70, heads: 112, parameters: 176_247_271_424),
        PublishedModel(
            name: "bloomz-7b1, saved again by transformers 5",
            config: """
                {"architectures": ["BloomForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 30, "n_layer": 30,
                 "num_attention_heads": 32, "n_head": 32, "dtype": "bfloat16", "tie_word_embeddings": true, \(common)}
                """, hidden: 4096, layers: 30, heads: 32, parameters: 7_069_016_064),
    ]
}

@Suite("A config.json")
struct CheckpointConfigurationTests {
    private func configuration(_ text: String) throws -> BloomConfiguration {
        let directory = try TemporaryDirectory()
        try directory.write(text, "config.json")
        return try BloomConfiguration(path: directory.path("config.json"))
    }

    private func configuration(with changes: [String: any Sendable]) throws -> BloomConfiguration {
        let config = TestCheckpoint.config.merging(changes) { $1 }
        return try configuration(String(decoding: try JSONSerialization.data(withJSONObject: config), as: UTF8.self))
    }

    @Test("of each published size yields its sizes and its model card's parameter count", arguments: PublishedModel.all)
    func published(model: PublishedModel) throws {
        let configuration = try configuration(model.config)
        #expect(
            configuration
                == BloomConfiguration(
                    vocabularySize: 250_880, hiddenSize: model.hidden, layerCount: model.layers, headCount: model.heads)
        )
        #expect(configuration.headDim * model.heads == model.hidden)
        #expect(configuration.parameterCount == model.parameters)
    }

    @Test("of the largest size asks for these tensors")
    func tensors() throws {
        let configuration = try configuration(PublishedModel.all[5].config)
        var shapes: [String: [Int]] = [:]
        configuration.forEachTensor { shapes[$0] = $1 }
        #expect(shapes.count == 5 + 70 * 12)
        #expect(configuration.tensorCount == shapes.count)
        #expect(shapes["word_embeddings.weight"] == [250_880, 14336])
        #expect(shapes["word_embeddings_layernorm.bias"] == [14336])
        #expect(shapes["h.0.input_layernorm.weight"] == [14336])
        #expect(shapes["h.69.self_attention.query_key_value.weight"] == [43008, 14336])
        #expect(shapes["h.69.self_attention.query_key_value.bias"] == [43008])
        #expect(shapes["h.69.self_attention.dense.weight"] == [14336, 14336])
        #expect(shapes["h.69.post_attention_layernorm.bias"] == [14336])
        #expect(shapes["h.69.mlp.dense_h_to_4h.weight"] == [57344, 14336])
        #expect(shapes["h.69.mlp.dense_h_to_4h.bias"] == [57344])
        #expect(shapes["h.69.mlp.dense_4h_to_h.weight"] == [14336, 57344])
        #expect(shapes["h.69.mlp.dense_4h_to_h.bias"] == [14336])
        #expect(shapes["ln_f.weight"] == [14336])
        #expect(shapes["lm_head.weight"] == nil)
    }

    @Test("may state the residual's place, the epsilon, the ids and an untied head")
    func options() throws {
        let found = try configuration(with: [
            "apply_residual_connection_post_layernorm": true, "layer_norm_epsilon": 1e-6, "eos_token_id": [2, 4],
            "bos_token_id": NSNull(), "pad_token_id": NSNull(), "tie_word_embeddings": false, "n_inner": 32,
        ])
        #expect(
            found
                == BloomConfiguration(
                    vocabularySize: 10, hiddenSize: 8, layerCount: 2, headCount: 4, layerNormEpsilon: 1e-6,
                    residualAfterLayerNorm: true, tiedHead: false, bosTokenID: nil, eosTokenIDs: [2, 4], padTokenID: nil
                ))
        #expect(try configuration(with: ["eos_token_id": NSNull()]).eosTokenIDs == [])
        #expect(try configuration(with: ["n_layer": 2.0]).layerCount == 2)  // JSON has one kind of number
    }

    @Test(
        "of another architecture is called by its name",
        arguments: ["gpt2", "llama", "falcon", "gpt_neox", "Bloom", ""])
    func otherArchitecture(type: String) {
        let error = #expect(throws: CheckpointError.self) { try configuration(#"{"model_type": "\#(type)"}"#) }
        #expect(error?.message.contains("config.json: the architecture \"\(type)\" is not supported") == true)
        #expect(error?.message.contains("BLOOM checkpoints only") == true)
    }

    /// A field, its value as JSON, and what the sentence must say.
    static let wrongFields = [
        ("architectures", #"["FalconForCausalLM"]"#, "architecture \"FalconForCausalLM\" is not supported"),
        ("architectures", #""BloomForCausalLM""#, "architectures must be a list of strings"),
        ("model_type", "null", "model_type is missing"),
        ("model_type", "7", "model_type must be a string"),
        ("vocab_size", "null", "vocab_size is missing"),
        ("hidden_size", "null", "hidden_size or n_embed is missing"),
        ("n_layer", "null", "n_layer or num_hidden_layers is missing"),
        ("n_head", "null", "n_head or num_attention_heads is missing"),
        ("n_layer", "0", "n_layer is 0: it must be between 1 and 65536"),
        ("n_layer", "-2", "n_layer is -2"),
        ("n_layer", "9223372036854775807", "n_layer is 9223372036854775807"),
        ("n_layer", "2.5", "n_layer must be a whole number"),
        ("n_layer", "1e300", "n_layer must be a whole number"),
        ("n_layer", "true", "n_layer must be a whole number"),
        ("n_layer", #""2""#, "n_layer must be a whole number"),
        ("n_layer", "[2]", "n_layer must be a whole number"),
        ("hidden_size", "2097152", "hidden_size is 2097152"),
        ("vocab_size", "2147483648", "vocab_size is 2147483648"),
        ("vocab_size", "0", "vocab_size is 0"),
        ("n_head", "3", "3 attention heads do not divide the hidden size 8"),
        ("n_head", "16", "n_head is 16: it must be between 1 and 8"),
        ("n_embed", "16", "n_embed is 16, but hidden_size is 8"),
        ("num_attention_heads", "2", "num_attention_heads is 2, but n_head is 4"),
        ("num_hidden_layers", "3", "num_hidden_layers is 3, but n_layer is 2"),
        ("n_inner", "24", "n_inner is 24, but BLOOM's is four times the hidden size, 32"),
        ("layer_norm_epsilon", "0", "layer_norm_epsilon must be a positive number"),
        ("layer_norm_epsilon", "-1e-5", "layer_norm_epsilon must be a positive number"),
        ("layer_norm_epsilon", "1e-60", "layer_norm_epsilon must be a positive number"),
        ("layer_norm_epsilon", "1e100", "layer_norm_epsilon must be a positive number"),
        ("layer_norm_epsilon", #""1e-5""#, "layer_norm_epsilon must be a number"),
        ("layer_norm_epsilon", "true", "layer_norm_epsilon must be a number"),
        (
            "apply_residual_connection_post_layernorm", "1",
            "apply_residual_connection_post_layernorm must be true or false"
        ),
        ("tie_word_embeddings", #""yes""#, "tie_word_embeddings must be true or false"),
        ("eos_token_id", "10", "eos_token_id is 10, outside the vocabulary of 10 tokens"),
        ("eos_token_id", "[2, -1]", "eos_token_id is -1, outside the vocabulary"),
        ("eos_token_id", #""2""#, "eos_token_id must be a whole number or a list of them"),
        ("eos_token_id", #"[2, "3"]"#, "eos_token_id must be a whole number or a list of them"),
        ("bos_token_id", "250000", "bos_token_id is 250000, outside the vocabulary"),
        ("pad_token_id", "1.5", "pad_token_id must be a whole number"),
    ]

    @Test("with a wrong field is refused by the field's name", arguments: wrongFields)
    func wrongField(key: String, value: String, phrase: String) throws {
        var fields = try TestCheckpoint.config.mapValues {
            String(decoding: try JSONSerialization.data(withJSONObject: $0, options: .fragmentsAllowed), as: UTF8.self)
        }
        fields[key] = value
        let text = "{\(fields.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}"
        let error = #expect(throws: CheckpointError.self) { try configuration(text) }
        #expect(error?.message.contains(phrase) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("config.json: ") == true)
    }

    @Test(
        "that is no JSON object is refused",
        arguments: [
            ("", "not valid JSON: "), ("{", "not valid JSON: "),
            ("{\"model_type\": \"bloom\", \"n_layer\": NaN}", "not valid JSON: Invalid value around character"),
            ("[1, 2]", "does not hold a JSON object"), ("null", "does not hold a JSON object"),
            ("\u{0}\u{1}", "not valid JSON"),
            (String(repeating: "[", count: 100_000), "not valid JSON"),
            (String(repeating: "{\"a\":", count: 100_000), "not valid JSON"),
        ])
    func notJSON(text: String, phrase: String) {
        let error = #expect(throws: CheckpointError.self) { try configuration(text) }
        #expect(error?.message.contains("config.json: the file") == true)
        #expect(error?.message.contains(phrase) == true, "\(error?.message ?? "")")
    }
}

@Suite("A generation_config.json")
struct CheckpointGenerationTests {
    @Test("may be absent")
    func absent() throws {
        #expect(try TestCheckpoint().open().generation == GenerationConfiguration())
    }

    @Test("overrides the ids that it has and states sampling settings")
    func overrides() throws {
        let fixture = try TestCheckpoint()
        try fixture.write(
            config: [
                "eos_token_id": [4, 5], "pad_token_id": NSNull(), "do_sample": true, "temperature": 0.7, "top_k": 40,
                "top_p": 0.9, "min_p": NSNull(), "repetition_penalty": 1.2, "max_new_tokens": 20, "use_cache": true,
            ], "generation_config.json")
        let checkpoint = try fixture.open()
        #expect(checkpoint.configuration.eosTokenIDs == [4, 5])
        #expect(checkpoint.configuration.bosTokenID == 1)
        #expect(checkpoint.configuration.padTokenID == nil)
        var expected = GenerationConfiguration()
        expected.doSample = true
        expected.temperature = 0.7
        expected.topK = 40
        expected.topP = 0.9
        expected.repetitionPenalty = 1.2
        expected.maxNewTokens = 20
        #expect(checkpoint.generation == expected)

        try fixture.write(config: ["eos_token_id": NSNull()], "generation_config.json")
        #expect(try fixture.open().configuration.eosTokenIDs == [])
        try fixture.write(config: [:], "generation_config.json")
        #expect(try fixture.open().configuration.eosTokenIDs == [2])
    }

    @Test(
        "that is wrong is refused by its name",
        arguments: [
            ("{\"eos_token_id\": 10}", "eos_token_id is 10, outside the vocabulary of 10 tokens"),
            ("{\"eos_token_id\": 2", "the file is not valid JSON"), ("", "the file is not valid JSON"),
            ("{\"temperature\": \"hot\"}", "temperature must be a number"),
            ("{\"top_k\": 1.5}", "top_k must be a whole number"),
            ("{\"do_sample\": 1}", "do_sample must be true or false"),
        ])
    func wrong(text: String, phrase: String) throws {
        let fixture = try TestCheckpoint()
        try fixture.directory.write(text, "generation_config.json")
        let complaint = fixture.complaint()
        #expect(complaint.contains("generation_config.json: \(phrase)"), "\(complaint)")
    }
}
