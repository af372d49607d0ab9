import CKernels

/// A part of a product's result, all of it computed by one lane.
public struct ProductPart: Sendable {
    public var columns: Range<Int>
    public var rows: Range<Int>

    public init(columns: Range<Int>, rows: Range<Int>) {
        self.columns = columns
        self.rows = rows
    }

    /// The panel of its columns.
    var panel: Int { columns.lowerBound / PanelPlan.panelColumns }
}

extension KernelSet {
    /// Rows that go over a panel together: as many as stay in the core's cache beside it.
    func bandRows(of format: WeightFormat, k: Int) -> Int {
        let rowBytes: Int
        switch format {
        case .f32, .int4: return Int(PK_BAND_ROWS)
        case .bf16: rowBytes = k * Int(table.pointee.bf16_row_bytes)
        case .int8: rowBytes = k * Int(table.pointee.quads_row_bytes)
        }
        let tiles = 32  // whole ones of AMX
        return max(Int(table.pointee.banded_rows), Int(table.pointee.banded_bytes) / rowBytes / tiles * tiles)
    }
}

/// The parts of a product that a lane computes, in turn. Many rows go a band after the other through all panels: they stay in
/// the core's cache, and the panels stream past. Where panels are few, a band is cut into blocks of rows.
struct ProductItems {
    private let rows: Int
    private let columns: Int
    private let panels: Range<Int>
    private let rowBlocks: Int
    private let bandRows: Int
    private let lane: Lane
    private var first = 0
    private var dealing: Dealing

    init(rows: Int, of matrix: NodePanels, kernels: KernelSet, lane: Lane) {
        self.rows = rows
        bandRows = kernels.bandRows(of: matrix.format, k: matrix.k)
        columns = matrix.columns
        self.lane = lane
        panels = matrix.panels
        rowBlocks = Self.rowBlocks(rows: rows, panels: panels.count, lanes: lane.lanesOnNode)
        let isLast = Self.isLast(bandAt: 0, of: bandRows, rows: rows, rowBlocks: rowBlocks)
        dealing = Self.deal(panels.count * rowBlocks, isLast: isLast, lane)
    }

    /// The panel that the lane begins with, if that is known beforehand.
    static func firstPanel(rows: Int, of matrix: NodePanels, kernels: KernelSet, lane: Lane) -> Int? {
        let panels = matrix.panels
        let rowBlocks = rowBlocks(rows: rows, panels: panels.count, lanes: lane.lanesOnNode)
        let items = 0..<panels.count * rowBlocks
        let bandRows = kernels.bandRows(of: matrix.format, k: matrix.k)
        let isLast = isLast(bandAt: 0, of: bandRows, rows: rows, rowBlocks: rowBlocks)
        let first = isLast ? Dealing.first(ofMost: items, lane: lane) : lane.shareOnNode(of: items).first
        return first.map { panels.lowerBound + $0 / rowBlocks }
    }

    @inline(__always)
    mutating func next() -> ProductPart? {
        while true {
            if let item = dealing.next() { return part(item) }
            guard rowBlocks == 1, first + bandRows < rows else { return nil }
            first += bandRows
            let isLast = Self.isLast(bandAt: first, of: bandRows, rows: rows, rowBlocks: 1)
            dealing = Self.deal(panels.count, isLast: isLast, lane)
        }
    }

    /// Whether no band follows. Rows that are cut into blocks are all taken at once.
    private static func isLast(bandAt first: Int, of bandRows: Int, rows: Int, rowBlocks: Int) -> Bool {
        rowBlocks > 1 || first + bandRows >= rows
    }

    /// Only the last band has items left open: there the lanes catch up with each other.
    private static func deal(_ items: Int, isLast: Bool, _ lane: Lane) -> Dealing {
        isLast ? Dealing(mostOf: 0..<items, lane: lane) : Dealing(shareOf: 0..<items, lane: lane)
    }

    @inline(__always)
    private func part(_ item: Int) -> ProductPart {
        guard rowBlocks > 1 else {
            return part(panel: panels.lowerBound + item, rows: first..<min(first + bandRows, rows))
        }
        let block = item % rowBlocks
        return part(
            panel: panels.lowerBound + item / rowBlocks,
            rows: rows * block / rowBlocks..<rows * (block + 1) / rowBlocks)
    }

    @inline(__always)
    private func part(panel: Int, rows: Range<Int>) -> ProductPart {
        let column = panel * PanelPlan.panelColumns
        return ProductPart(columns: column..<min(column + PanelPlan.panelColumns, columns), rows: rows)
    }

    static func rowBlocks(rows: Int, panels: Int, lanes: Int) -> Int {
        guard lanes > 1, panels > 0, rows >= 24 else { return 1 }
        let wanted = (4 * lanes + panels - 1) / panels
        return max(1, min(wanted, rows / 12))
    }
}
