/// Hands out aligned pieces of one region, front to back; pieces live as long as the region.
public struct RegionAllocator {
    public let region: NodeRegion
    public private(set) var used = 0

    public init(_ region: NodeRegion) { self.region = region }

    /// Bytes that a piece of `count` bytes takes, so that a region's size can be planned.
    public static func footprint(_ count: Int) -> Int { (count + 63) / 64 * 64 }

    /// - Precondition: the region was planned large enough.
    public mutating func take(bytes count: Int) -> UnsafeMutableRawPointer {
        let footprint = Self.footprint(count)
        precondition(
            count >= 0 && used + footprint <= RegionAllocator.footprint(region.byteCount), "region planned too small")
        defer { used += footprint }
        return region.base + used
    }

    public mutating func takeFloats(_ count: Int) -> UnsafeMutablePointer<Float> {
        take(bytes: count * 4).bindMemory(to: Float.self, capacity: count)
    }
}
