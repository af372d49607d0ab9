import CNUMA
import Foundation

/// Anonymous memory of fixed size, zeroed, wanted on one NUMA node; the only owner of mapped memory in the engine.
///
/// Pages are taken when first touched. The policy is "preferred", not "bound": a full node spills to another instead of
/// ending the process; `placement()` shows where pages really lie.
public final class NodeRegion: @unchecked Sendable {
    public let base: UnsafeMutableRawPointer
    public let byteCount: Int
    /// The system's node number that was asked for; `nil`: wherever the system puts it.
    public let node: Int?
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    private static let hugePage = 2 << 20

    /// - Throws: `KernelError.outOfMemory` when the system refuses.
    public init(byteCount: Int, node: Int?, purpose: String) throws {
        let wanted = max(byteCount, 1)
        // Huge pages need an aligned start; small regions would only waste them.
        let alignment = wanted >= Self.hugePage ? Self.hugePage : 4096
        let (padded, overflow) = wanted.addingReportingOverflow(2 * alignment)
        guard !overflow, wanted > 0 else { throw KernelError.outOfMemory(bytes: byteCount, purpose: purpose) }
        mappedBytes = padded / 4096 * 4096
        let protection = PROT_READ | PROT_WRITE
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, mappedBytes, protection, flags, -1, 0), memory != MAP_FAILED else {
            throw KernelError.outOfMemory(bytes: byteCount, purpose: purpose)
        }
        mapping = memory
        base = UnsafeMutableRawPointer(
            bitPattern: (UInt(bitPattern: memory) + UInt(alignment) - 1) / UInt(alignment) * UInt(alignment))!
        self.byteCount = byteCount
        self.node = node
        if wanted >= Self.hugePage { madvise(base, byteCount, Int32(MADV_HUGEPAGE)) }
        if let node { bind(to: node) }
    }

    deinit { munmap(mapping, mappedBytes) }

    /// Take the pages of these bytes now; they must not be in use.
    public func touch(_ bytes: Range<Int>) {
        precondition(bytes.lowerBound >= 0 && bytes.upperBound <= byteCount, "bytes lie in the region")
        memset(base + bytes.lowerBound, 0, bytes.count)
    }

    /// Ask for pages of that node. False when the system refuses; the region then works all the same.
    @discardableResult
    func bind(to node: Int) -> Bool {
        let bits = UInt.bitWidth
        var mask = [UInt](repeating: 0, count: node / bits + 1)
        mask[node / bits] |= 1 << UInt(node % bits)
        // The kernel reads maxnode − 1 bits.
        return mbind(base, UInt(max(byteCount, 1)), MPOL_PREFERRED, mask, UInt(mask.count * bits + 1), 0) == 0
    }
}
