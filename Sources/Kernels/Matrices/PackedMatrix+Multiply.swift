public import CKernels

/// Rows that go into a product, in the form the weight format asks for.
public struct ActivationRows: @unchecked Sendable {
    /// f32: rows of floats. bf16: rows of bf16 words, readable (and +0) up to an even k.
    public var base: UnsafeRawPointer
    /// Elements from row to row.
    public var stride: Int
    public var rows: Int

    public init(_ base: UnsafeRawPointer, stride: Int, rows: Int) {
        self.base = base
        self.stride = stride
        self.rows = rows
    }
}

/// Where a product goes and what is done to each sum on the way: `y = sum + bias`, GELU of that, or that plus a residual.
public struct ProductTarget: @unchecked Sendable {
    public var y: UnsafeMutablePointer<Float>
    /// Floats from row to row of `y` and of the residual.
    public var stride: Int
    public var bias: UnsafePointer<Float>?
    public var residual: UnsafePointer<Float>?
    public var epilogue: pk_epilogue
    /// Also round the result to bf16 into this buffer (same stride), for the next product.
    public var rounded: UnsafeMutablePointer<UInt16>?

    public init(
        _ y: UnsafeMutablePointer<Float>, stride: Int, bias: UnsafePointer<Float>? = nil,
        residual: UnsafePointer<Float>? = nil, epilogue: pk_epilogue = PK_STORE,
        rounded: UnsafeMutablePointer<UInt16>? = nil
    ) {
        self.y = y
        self.stride = stride
        self.bias = bias
        self.residual = residual
        self.epilogue = epilogue
        self.rounded = rounded
    }
}

extension PackedMatrix {
    /// This lane's part of `y[rows, columns] = epilogue(x[rows, k] · weightsᵀ)`; every lane must call it.
    ///
    /// Items are (panel, block of rows): rows are cut only when there are too few panels to keep the node's lanes busy.
    /// The cut decides who computes an element, never how.
    public func multiply(_ x: ActivationRows, into target: ProductTarget, kernels: KernelSet, lane: Lane) {
        guard x.rows > 0 else { return }
        let panels = plan.panelsByNode[lane.node]
        let rowBlocks = Self.rowBlocks(rows: x.rows, panels: panels.count, lanes: lane.lanesOnNode)
        let items = lane.shareOnNode(of: 0..<panels.count * rowBlocks)
        let elementBytes = plan.format.bytesPerElement
        for item in items {
            let index = panels.lowerBound + item / rowBlocks
            let block = item % rowBlocks
            let firstRow = x.rows * block / rowBlocks
            let rows = x.rows * (block + 1) / rowBlocks - firstRow
            guard rows > 0 else { continue }
            let column = index * PanelPlan.panelColumns
            let y = target.y + firstRow * target.stride + column
            var call = pk_panel_call()
            call.panel = UnsafeRawPointer(panel(index, onNode: lane.node))
            call.x = x.base + firstRow * x.stride * elementBytes
            call.x_stride = Int64(x.stride)
            call.k = Int64(k)
            call.rows = Int64(rows)
            call.columns = Int64(plan.columns(ofPanel: index))
            call.y = y
            call.y_stride = Int64(target.stride)
            call.bias = target.bias.map { $0 + column }
            call.residual = target.residual.map { $0 + firstRow * target.stride + column }
            call.residual_stride = Int64(target.stride)
            call.epilogue = Int32(target.epilogue.rawValue)
            switch plan.format {
            case .f32: kernels.table.pointee.panel_f32(&call)
            case .bf16: kernels.table.pointee.panel_bf16(&call)
            }
            if let rounded = target.rounded {
                for row in 0..<rows {
                    let offset = (firstRow + row) * target.stride + column
                    kernels.table.pointee.round_bf16(target.y + offset, call.columns, rounded + offset)
                }
            }
        }
    }

    static func rowBlocks(rows: Int, panels: Int, lanes: Int) -> Int {
        guard lanes > 1, panels > 0, rows >= 24 else { return 1 }
        let wanted = (4 * lanes + panels - 1) / panels
        return max(1, min(wanted, rows / 12))
    }
}
