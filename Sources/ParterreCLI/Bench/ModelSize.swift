import Parterre

/// What a model takes in memory under some options, before it is loaded.
struct ModelSize {
    /// Bytes of packed weights.
    var weights: Int
    /// Bytes of a token's keys and values.
    var cachedToken: Int

    /// - Throws: a `UserFacingError` where the checkpoint cannot be read.
    init(_ source: ModelSource, _ options: EngineOptions) throws {
        var format = options.weights.rawValue
        let packed: [String: Int]
        let cached: [String: Int]
        if case .random(let model) = source {
            packed = model.configuration.packedBytesByFormat
            cached = model.configuration.bytesPerCachedTokenByFormat
            if options.weights == .auto { format = "bf16" }
        } else {
            let inspection = try ModelInspection.inspect(source)
            packed = inspection.packedBytes
            cached = inspection.bytesPerCachedToken
            if options.weights == .auto {
                format =
                    inspection.packedFormat
                    ?? (inspection.tensors.allSatisfy { $0.type == "BF16" } ? "bf16" : "f32")
            }
        }
        weights = packed[format] ?? 0
        cachedToken = cached[options.kvCache.name(beside: format)] ?? 0
    }
}
