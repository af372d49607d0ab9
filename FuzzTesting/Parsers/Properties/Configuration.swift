import Foundation
import Kernels

@testable import Models

/// A `config.json`, and behind it a `generation_config.json` if there is one. What is accepted has sizes that the rest
/// may multiply, and is the same again when it is written and read once more.
public enum Configuration: ParserProperty {
    public static func check(_ bytes: [UInt8]) throws {
        let parts = parts(bytes, atMost: 2)
        var shape = try read(parts[0])
        try check(shape)
        try require(try read(Array(try write(shape).utf8)) == shape, "another configuration when written again")

        guard parts.count > 1 else { return }
        let file = try JSONFile(Data(parts[1]), path: "generation_config.json")
        let generation = try GenerationConfiguration(file)
        try shape.readTokens(file)
        try check(shape)
        let again = try JSONFile(Data(try write(generation).utf8), path: "generation_config.json")
        try require(try GenerationConfiguration(again) == generation, "other sampling settings when written again")
    }

    private static func read(_ bytes: [UInt8]) throws -> BloomConfiguration {
        try BloomConfiguration(JSONFile(Data(bytes), path: "config.json"))
    }

    private static func check(_ shape: BloomConfiguration) throws {
        let ids = [shape.bosTokenID, shape.padTokenID].compactMap { $0 } + shape.eosTokenIDs
        try require(ids.allSatisfy((0..<shape.vocabularySize).contains), "a token lies outside the vocabulary")
        try require(
            shape.layerNormEpsilon > 0 && shape.layerNormEpsilon.isFinite,
            "a layer norm's epsilon is \(shape.layerNormEpsilon)")
        try require(shape.headDim * shape.headCount == shape.hiddenSize, "the heads do not fill the hidden size")
        // Sums over all layers, which trap where they overflow. They take long for many layers.
        guard shape.layerCount <= 64 else { return }
        try require(shape.parameterCount > 0, "there are no parameters")
        for format in WeightFormat.allCases { try require(shape.packedBytes(format) > 0, "nothing to pack") }
    }

    private static func write(_ shape: BloomConfiguration) throws -> String {
        """
        {"model_type": "bloom", "vocab_size": \(shape.vocabularySize), "hidden_size": \(shape.hiddenSize),
        "n_layer": \(shape.layerCount), "n_head": \(shape.headCount), "layer_norm_epsilon": \(shape.layerNormEpsilon),
        "apply_residual_connection_post_layernorm": \(shape.residualAfterLayerNorm),
        "tie_word_embeddings": \(shape.tiedHead), "bos_token_id": \(text(shape.bosTokenID)),
        "eos_token_id": \(shape.eosTokenIDs), "pad_token_id": \(text(shape.padTokenID))}
        """
    }

    private static func write(_ settings: GenerationConfiguration) throws -> String {
        """
        {"do_sample": \(text(settings.doSample)), "temperature": \(text(settings.temperature)),
        "top_k": \(text(settings.topK)), "top_p": \(text(settings.topP)), "min_p": \(text(settings.minP)),
        "repetition_penalty": \(text(settings.repetitionPenalty)), "max_new_tokens": \(text(settings.maxNewTokens)),
        "max_length": \(text(settings.maxLength)), "min_new_tokens": \(text(settings.minNewTokens))}
        """
    }

    private static func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "null" }
}
