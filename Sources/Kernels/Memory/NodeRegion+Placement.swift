import CNUMA
import Foundation

extension NodeRegion {
    /// Where a region's pages lie.
    public struct Placement: Sendable, Equatable {
        /// Resident pages by node.
        public var pagesByNode: [Int: Int] = [:]
        /// Pages that nobody has touched yet.
        public var absentPages = 0
        /// One page of so many was looked at.
        public var pagesPerLook = 1
        /// Why the system would not tell.
        public var refusal: String?
    }

    /// Ask the kernel (`move_pages` without targets) for the node of every page, or of about `sample` pages spread
    /// evenly: a page of a cache of 100 GiB takes the kernel long to find 26 million times.
    public func placement(sample: Int = .max) -> Placement {
        var result = Placement()
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let pages = (byteCount + pageSize - 1) / pageSize
        result.pagesPerLook = max(1, pages / max(1, sample))
        let count = (pages + result.pagesPerLook - 1) / result.pagesPerLook
        let stride = result.pagesPerLook * pageSize
        let batch = 4096
        var looks = [UnsafeMutableRawPointer?](repeating: nil, count: batch)
        var status = [Int32](repeating: 0, count: batch)
        var first = 0
        while first < count {
            let n = min(batch, count - first)
            for i in 0..<n { looks[i] = base + (first + i) * stride }
            guard move_pages(0, UInt(n), &looks, nil, &status, 0) >= 0 else {
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
