/// Who holds which block of the cache, in at most so many cells.
///
/// A cell is `blocksPerCell` consecutive blocks. Where that is more than one, it shows what most of its blocks are that are not
/// free, and is free only when all are.
public struct BlockMap: Sendable, Equatable {
    public enum Cell: Sendable, Equatable {
        case free
        /// Without a holder, but its content can be taken over.
        case cached
        /// One sequence's, by its index into the snapshot's list; `nil`: of one that is not listed.
        case held(by: Int?)
        /// Several hold it; the first of them.
        case shared(by: Int?)
    }

    /// In the blocks' order. Blocks behind the last cell are free.
    public var cells: [Cell] = []
    /// A power of two.
    public var blocksPerCell = 1
    /// Blocks that more than one holds.
    public var sharedBlocks = 0

    public init() {}
}

extension BlockMap {
    /// A block's state as one number, so that millions of them are taken down quickly.
    struct Code: Comparable, RawRepresentable {
        var rawValue: Int32

        static let free = Code(rawValue: 0)
        static let cached = Code(rawValue: 1)

        init(rawValue: Int32) { self.rawValue = rawValue }

        init(holder: Int, isShared: Bool) { rawValue = Int32(truncatingIfNeeded: 2 + 2 * holder + (isShared ? 1 : 0)) }

        static func < (a: Code, b: Code) -> Bool { a.rawValue < b.rawValue }

        /// - Parameter listed: holders from this one on are not listed.
        func cell(listed: Int) -> Cell {
            switch self {
            case .free: return .free
            case .cached: return .cached
            default:
                let (holder, isShared) = (Int(rawValue - 2) / 2, rawValue % 2 == 1)
                let index = holder < listed ? holder : nil
                return isShared ? .shared(by: index) : .held(by: index)
            }
        }
    }

    /// - Parameters:
    ///   - codes: of the blocks from the first to the last that is not free.
    ///   - most: cells.
    init(_ codes: [Code], listed: Int, most: Int) {
        sharedBlocks = codes.count { $0 > .cached && $0.rawValue % 2 == 1 }
        while (codes.count + blocksPerCell - 1) / blocksPerCell > max(1, most) { blocksPerCell *= 2 }
        cells = stride(from: 0, to: codes.count, by: blocksPerCell).map { first in
            Self.prevailing(codes[first..<min(first + blocksPerCell, codes.count)]).cell(listed: listed)
        }
    }

    /// What most are that are not free; the lower of equals.
    private static func prevailing(_ codes: ArraySlice<Code>) -> Code {
        if codes.count == 1 { return codes[codes.startIndex] }
        var (best, most, run, last) = (Code.free, 0, 0, Code.free)
        for code in codes.filter({ $0 != .free }).sorted() {
            run = code == last ? run + 1 : 1
            last = code
            if run > most { (best, most) = (code, run) }
        }
        return best
    }
}
