public import Kernels

/// Keys and values of one whole sequence for one layer at a time, side by side: no cache, no pages, nothing kept.
///
/// This is the yardstick of the law: what a sequence's logits are when nothing but its own tokens is there.
public final class UncachedKeyValues {
    public let store: KeyValueStore
    private let regions: [NodeRegion]

    /// - Parameter format: keys and values are rounded as a cache of this format would round them.
    /// - Throws: `KernelError.outOfMemory`.
    public init(_ shape: BloomConfiguration, format: KeyValueFormat, tokens: Int, crew: WorkerLanes) throws {
        let group = KeyValueLayout.groupTokens
        let layout = KeyValueLayout(
            layers: 1, heads: shape.headCount, headDim: shape.headDim,
            blockTokens: max(1, (tokens + group - 1) / group) * group, format: format, crew: crew)
        regions = try crew.nodes.indices.map {
            try NodeRegion(byteCount: layout.bytesPerBlock(onNode: $0), node: nil, purpose: "an uncached forward")
        }
        store = KeyValueStore(layout: layout, bases: regions.map(\.base), layersShareMemory: true)
    }
}
