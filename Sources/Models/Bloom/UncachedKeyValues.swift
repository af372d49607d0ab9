public import Kernels

/// Keys and values of one whole sequence for one layer at a time, side by side: no cache, no pages, nothing kept.
///
/// This is the yardstick of the law: what a sequence's logits are when nothing but its own tokens is there.
public final class UncachedKeyValues {
    public let store: KeyValueStore
    private let regions: [NodeRegion]

    /// - Throws: `KernelError.outOfMemory`.
    public init(_ shape: BloomConfiguration, tokens: Int, crew: WorkerLanes) throws {
        let group = KeyValueLayout.groupTokens
        let layout = KeyValueLayout(
            layers: 1, heads: shape.headCount, headDim: shape.headDim,
            blockTokens: max(1, (tokens + group - 1) / group) * group, crew: crew)
        regions = try crew.nodes.indices.map {
            try NodeRegion(
                byteCount: layout.floatsPerBlock(onNode: $0) * 4, node: nil, purpose: "an uncached forward")
        }
        store = KeyValueStore(
            layout: layout, bases: regions.map { $0.base.assumingMemoryBound(to: Float.self) }, layersShareMemory: true)
    }
}
