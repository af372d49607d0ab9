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
    /// Keys and values of one token, all layers, by the cache's format (`f32`, `bf16`): per layer and head, `headDim`
    /// numbers of key (an even count in bf16) and `headDim` rounded up to 16 of value.
    public var bytesPerCachedToken: [String: Int]
    /// The cache's format that goes with this checkpoint when no option says another.
    public var cacheFormat: String
    public var hasTokenizer: Bool
    /// Of a packed model: its weights' format. `nil`: a checkpoint.
    public var packedFormat: String?

    /// - Throws: a `UserFacingError` that names the file and the tensor.
    public static func inspect(_ model: ModelSource) throws -> ModelInspection {
        let directory = try model.directory()
        let opened = try OpenedModel(model)
        let listing: [TensorListing]
        let format: WeightFormat
        switch opened.weights {
        case .packed(let packed): (listing, format) = (packed.listing, packed.format)
        case .checkpoint(let checkpoint):
            (listing, format) = (checkpoint.listing, EngineOptions.Weights.auto.formats(for: checkpoint).layers)
        case .random: throw EngineError.modelWithoutFiles(opened.name)
        }
        let isPacked = PackedModel.isPacked(directory)
        let configuration = opened.configuration
        return ModelInspection(
            directory: directory.path, configuration: configuration,
            tensors: listing.map {
                Tensor(name: $0.name, type: $0.type, shape: $0.shape, file: $0.file, bytes: $0.byteCount)
            },
            parameterCount: configuration.parameterCount,
            packedBytes: configuration.packedBytesByFormat.filter { !isPacked || $0.key == format.rawValue },
            bytesPerCachedToken: configuration.bytesPerCachedTokenByFormat,
            cacheFormat: EngineOptions.CacheFormat.auto.format(beside: format).rawValue,
            hasTokenizer: opened.tokenizerFile != nil, packedFormat: isPacked ? format.rawValue : nil)
    }

    /// Compare every tensor of a packed model with the checksum that was taken when it was packed.
    ///
    /// - Parameter progress: share of the file that is read, 0…1.
    /// - Throws: a `UserFacingError` that names the first tensor that differs, or says that the model is not packed.
    public static func verify(
        _ model: ModelSource, threads: Int? = nil, progress: (@Sendable (Double) -> Void)? = nil
    ) async throws {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "parterre.verify", qos: .userInitiated).async {
                continuation.resume(
                    with: Result {
                        guard case .packed(let packed) = try OpenedModel(model).weights else {
                            throw EngineError.noChecksums(try model.directory().path)
                        }
                        let crew = try WorkerLanes(threads: threads)
                        defer { crew.stop() }
                        try packed.verify(crew: crew, progress: progress)
                    })
            }
        }
    }
}

extension BloomConfiguration {
    /// Packed size of the weights by format name.
    public var packedBytesByFormat: [String: Int] {
        Dictionary(uniqueKeysWithValues: WeightFormat.allCases.map { ($0.rawValue, packedBytes($0)) })
    }

    /// Keys and values of one token, all layers, by format name of the cache.
    public var bytesPerCachedTokenByFormat: [String: Int] {
        Dictionary(uniqueKeysWithValues: KeyValueFormat.allCases.map { ($0.rawValue, bytesPerCachedToken($0)) })
    }
}
