public import Models

/// What a checkpoint holds, read from its headers alone.
public struct ModelInspection: Sendable {
    public struct Tensor: Sendable, Equatable {
        public var name: String
        /// `F32`, `F16` or `BF16`.
        public var type: String
        public var shape: [Int]
        public var file: String
        public var bytes: Int
    }

    public var directory: String
    public var configuration: BloomConfiguration
    /// In name order, as the files name them.
    public var tensors: [Tensor]
    public var parameterCount: Int
    /// Packed size of the weights by format name (`f32`, `bf16`).
    public var packedBytes: [String: Int]
    /// Keys and values of one token, all layers, as cached (float32).
    public var bytesPerCachedToken: Int
    public var hasTokenizer: Bool

    /// - Throws: a `UserFacingError` that names the file and the tensor.
    public static func inspect(_ model: ModelSource) throws -> ModelInspection { fatalError("skeleton") }
}
