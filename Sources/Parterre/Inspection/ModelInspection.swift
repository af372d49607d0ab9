import Foundation
import Kernels
public import Models

/// What a checkpoint holds, read from its headers alone.
public struct ModelInspection: Sendable {
    public struct Tensor: Sendable, Equatable {
        public var name: String
        /// `F32`, `F16` or `BF16`; another type of the format in a tensor that the model does not use.
        public var type: String
        public var shape: [Int]
        public var file: String
        public var bytes: Int
    }

    public var directory: String
    public var configuration: BloomConfiguration
    /// In name order, as the files name them.
    public var tensors: [Tensor]
    /// Of the model; a tied head counts once.
    public var parameterCount: Int
    /// Packed size of the weights by format name (`f32`, `bf16`): matrices in panels of 64 output columns, the last one
    /// filled up; vectors in float32; a tied head shares the word embedding's panels.
    public var packedBytes: [String: Int]
    /// Keys and values of one token, all layers, as cached (float32): per layer and head, `headDim` floats of key and
    /// `headDim` rounded up to 16 floats of value.
    public var bytesPerCachedToken: Int
    public var hasTokenizer: Bool

    /// - Throws: a `UserFacingError` that names the file and the tensor.
    public static func inspect(_ model: ModelSource) throws -> ModelInspection {
        let directory = try model.directory()
        let checkpoint = try Checkpoint(directory: directory)
        try checkpoint.validate()
        let configuration = checkpoint.configuration
        return ModelInspection(
            directory: directory.path, configuration: configuration,
            tensors: checkpoint.listing.map {
                Tensor(name: $0.name, type: $0.type, shape: $0.shape, file: $0.file, bytes: $0.byteCount)
            },
            parameterCount: configuration.parameterCount,
            packedBytes: configuration.packedBytesByFormat,
            bytesPerCachedToken: configuration.bytesPerCachedToken,
            hasTokenizer: FileManager.default.fileExists(atPath: directory.appending(path: "tokenizer.json").path))
    }
}

extension BloomConfiguration {
    /// Packed size of the weights by format name.
    public var packedBytesByFormat: [String: Int] {
        Dictionary(uniqueKeysWithValues: WeightFormat.allCases.map { ($0.rawValue, packedBytes($0)) })
    }
}
