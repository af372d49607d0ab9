import CNUMA
import Foundation

/// Memory of fixed size, the only owner of mapped memory in the engine: anonymous, zeroed and wanted on one NUMA node, or
/// a file's, read-only and wherever the system's page cache has it.
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
        (mapping, mappedBytes, base) = try Self.reserve(
            max(byteCount, 1), PROT_READ | PROT_WRITE, purpose: purpose)
        self.byteCount = byteCount
        self.node = node
        if byteCount >= Self.hugePage { madvise(base, byteCount, Int32(MADV_HUGEPAGE)) }
        if let node { bind(to: node) }
    }

    /// The first bytes of an open file; the descriptor may be closed afterwards. Writing to them ends the process, as does
    /// reading what somebody cuts off from the file meanwhile.
    ///
    /// - Throws: `KernelError.outOfMemory` when the system refuses.
    public init(file descriptor: Int32, byteCount: Int, purpose: String) throws {
        (mapping, mappedBytes, base) = try Self.reserve(max(byteCount, 1), PROT_NONE, purpose: purpose)
        self.byteCount = byteCount
        node = nil
        // At an address that is congruent to the offset in the file, so that pieces of the page cache as large as a huge
        // page can be mapped as one; which file systems keep such pieces is theirs to decide.
        guard byteCount > 0 else { return }
        // Where this throws, `deinit` gives the addresses back.
        guard mmap(base, byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) != MAP_FAILED else {
            throw KernelError.outOfMemory(bytes: byteCount, purpose: purpose)
        }
        if byteCount >= Self.hugePage { madvise(base, byteCount, Int32(MADV_HUGEPAGE)) }
    }

    deinit { munmap(mapping, mappedBytes) }

    /// Address space for `byteCount` bytes, and where in it they begin. Huge pages need an aligned start; small regions would
    /// only waste them.
    private static func reserve(
        _ byteCount: Int, _ protection: Int32, purpose: String
    ) throws -> (mapping: UnsafeMutableRawPointer, mappedBytes: Int, base: UnsafeMutableRawPointer) {
        let alignment = byteCount >= hugePage ? hugePage : 4096
        let (padded, overflow) = byteCount.addingReportingOverflow(2 * alignment)
        guard !overflow, byteCount > 0 else { throw KernelError.outOfMemory(bytes: byteCount, purpose: purpose) }
        let mappedBytes = padded / 4096 * 4096
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, mappedBytes, protection, flags, -1, 0), memory != MAP_FAILED else {
            throw KernelError.outOfMemory(bytes: byteCount, purpose: purpose)
        }
        let base = (UInt(bitPattern: memory) + UInt(alignment) - 1) / UInt(alignment) * UInt(alignment)
        return (memory, mappedBytes, UnsafeMutableRawPointer(bitPattern: base)!)
    }

    /// Take the pages of these bytes now; they must not be in use.
    public func touch(_ bytes: Range<Int>) {
        precondition(bytes.lowerBound >= 0 && bytes.upperBound <= byteCount, "bytes lie in the region")
        for byte in stride(from: bytes.lowerBound, to: bytes.upperBound, by: 4096) {
            base.storeBytes(of: 0, toByteOffset: byte, as: UInt8.self)
        }
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
