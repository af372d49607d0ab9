import CNUMA
import Foundation

extension NodeRegion {
    /// Where a region's pages lie.
    public struct Placement: Sendable, Equatable {
        /// Resident pages by node.
        public var pagesByNode: [Int: Int] = [:]
        /// Pages that nobody has touched yet.
        public var absentPages = 0
        /// Why the system would not tell.
        public var refusal: String?
    }

    /// Ask the kernel (`move_pages` without targets) for the node of every page.
    public func placement() -> Placement {
        var result = Placement()
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let count = (byteCount + pageSize - 1) / pageSize
        let batch = 4096
        var pages = [UnsafeMutableRawPointer?](repeating: nil, count: batch)
        var status = [Int32](repeating: 0, count: batch)
        var first = 0
        while first < count {
            let n = min(batch, count - first)
            for i in 0..<n { pages[i] = base + (first + i) * pageSize }
            guard move_pages(0, UInt(n), &pages, nil, &status, 0) >= 0 else {
                result.refusal = "the system refuses move_pages (\(String(cString: strerror(errno))))"
                return result
            }
            for i in 0..<n {
                if status[i] >= 0 {
                    result.pagesByNode[Int(status[i]), default: 0] += 1
                } else {
                    result.absentPages += 1
                }
            }
            first += n
        }
        return result
    }
}
