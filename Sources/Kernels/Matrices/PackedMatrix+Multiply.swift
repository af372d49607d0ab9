public import CKernels

/// Where a product goes and what is done to each sum on the way: `y = sum + bias`, GELU of that, or that plus a residual.
public struct ProductTarget: @unchecked Sendable {
    public var y: UnsafeMutablePointer<Float>
    /// Floats from row to row of `y` and of the residual.
    public var stride: Int
    public var bias: UnsafePointer<Float>?
    public var residual: UnsafePointer<Float>?
    public var epilogue: pk_epilogue
    /// Not nil: the result goes there in the bf16 form, rows `roundedStride` bytes apart, and not to `y`.
    public var rounded: FormedRows?
    /// `y` is not the whole result but room for one part of it, `[rows, 64]`: what `done` does not take, the next part
    /// writes over.
    public private(set) var isTile = false

    public init(
        _ y: UnsafeMutablePointer<Float>, stride: Int, bias: UnsafePointer<Float>? = nil,
        residual: UnsafePointer<Float>? = nil, epilogue: pk_epilogue = PK_STORE, rounded: FormedRows? = nil
    ) {
        self.y = y
        self.stride = stride
        self.bias = bias
        self.residual = residual
        self.epilogue = epilogue
        self.rounded = rounded
    }

    /// A part's rows, each panel's in turn, on memory that stays in the core's cache.
    public init(tile: UnsafeMutablePointer<Float>) {
        self.init(tile, stride: PanelPlan.panelColumns)
        isTile = true
    }
}

/// A part of a product's result, all of it computed by one lane.
public struct ProductPart: Sendable {
    public var columns: Range<Int>
    public var rows: Range<Int>
}

extension PackedMatrix {
    /// This lane's part of `y[rows, columns] = epilogue(x[rows, k] · weightsᵀ)`; every lane must call it.
    ///
    /// Items are (panel, block of rows): rows are cut only when there are too few panels to keep the node's lanes busy.
    /// The cut decides who computes an element, never how. `done` is called after each.
    @inline(__always)
    public func multiply(
        _ x: ActivationRows, into target: ProductTarget, kernels: KernelSet, lane: Lane,
        done: (ProductPart) -> Void = { _ in }
    ) {
        guard x.rows > 0 else { return }
        let panels = plan.panelsByNode[lane.node]
        let rowBlocks = Self.rowBlocks(rows: x.rows, panels: panels.count, lanes: lane.lanesOnNode)
        let items = lane.shareOnNode(of: 0..<panels.count * rowBlocks)
        // Some rows at a time through all panels: they stay in the core's cache, and the panels stream past.
        for first in stride(from: 0, to: x.rows, by: rowBlocks == 1 ? Self.cachedRows : x.rows) {
            for item in items {
                let index = panels.lowerBound + item / rowBlocks
                let block = item % rowBlocks
                let rows =
                    rowBlocks == 1
                    ? first..<min(first + Self.cachedRows, x.rows)
                    : x.rows * block / rowBlocks..<x.rows * (block + 1) / rowBlocks
                guard !rows.isEmpty else { continue }
                let column = index * PanelPlan.panelColumns
                multiply(x, panel: index, rows: rows, into: target, kernels, lane)
                done(ProductPart(columns: column..<column + plan.columns(ofPanel: index), rows: rows))
            }
        }
    }

    /// Rows for which the weights are read once.
    public static let cachedRows = Int(PK_BAND_ROWS)

    private func multiply(
        _ x: ActivationRows, panel index: Int, rows: Range<Int>, into target: ProductTarget, _ kernels: KernelSet,
        _ lane: Lane
    ) {
        let column = index * PanelPlan.panelColumns
        let x = x.from(row: rows.lowerBound)
        var call = pk_panel_call()
        call.panel = panel(index, onNode: lane.node)
        call.x = x.base
        call.x_stride = Int64(x.stride)
        call.x_scales = x.scales
        call.x_sums = x.sums
        call.x_sums_stride = Int64(x.sumsStride)
        call.k = Int64(k)
        call.rows = Int64(rows.count)
        call.columns = Int64(plan.columns(ofPanel: index))
        call.y = target.isTile ? target.y : target.y + rows.lowerBound * target.stride + column
        call.y_stride = Int64(target.stride)
        if let rounded = target.rounded {
            let elementBytes = Int(kernels.table.pointee.bf16_row_bytes)
            call.rounded = rounded.base + rows.lowerBound * rounded.stride + column * elementBytes
            call.rounded_stride = Int64(rounded.stride)
        }
        call.bias = target.bias.map { $0 + column }
        call.residual = target.residual.map { $0 + rows.lowerBound * target.stride + column }
        call.residual_stride = Int64(target.stride)
        call.epilogue = Int32(target.epilogue.rawValue)
        switch plan.format {
        case .f32: kernels.table.pointee.panel_f32(&call)
        case .bf16: kernels.table.pointee.panel_bf16(&call)
        case .int8: kernels.table.pointee.panel_int8(&call)
        case .int4: kernels.table.pointee.panel_int4(&call)
        }
    }

    static func rowBlocks(rows: Int, panels: Int, lanes: Int) -> Int {
        guard lanes > 1, panels > 0, rows >= 24 else { return 1 }
        let wanted = (4 * lanes + panels - 1) / panels
        return max(1, min(wanted, rows / 12))
    }
}
