import CKernels
import Kernels

/// Memory of one benchmark, freed with it. Pages are touched before any clock starts.
final class Arena {
    private var regions: [NodeRegion] = []

    /// A region on that node, all of its pages there.
    func region(bytes: Int, node: Int? = nil) throws -> NodeRegion {
        let region = try NodeRegion(byteCount: bytes, node: node, purpose: "a benchmark")
        region.touch(0..<bytes)
        regions.append(region)
        return region
    }

    func allocator(bytes: Int, node: Int? = nil) throws -> RegionAllocator {
        RegionAllocator(try region(bytes: RegionAllocator.footprint(bytes), node: node))
    }

    /// Floats that look like a layer's: about normal, seeded.
    func randomFloats(_ count: Int, scale: Float = 1) throws -> UnsafeMutablePointer<Float> {
        var allocator = try allocator(bytes: count * 4)
        let floats = allocator.takeFloats(count)
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        for index in 0..<count {
            // Sum of four uniform numbers; xorshift64 (Marsaglia, 2003).
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let quarters = (0..<4).reduce(Float(0)) { $0 + Float(UInt16(truncatingIfNeeded: state >> ($1 * 16))) }
            floats[index] = scale * (quarters / 65536 - 2) * 1.7320508
        }
        return floats
    }
}
