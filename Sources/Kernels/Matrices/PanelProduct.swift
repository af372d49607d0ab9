import CKernels

/// A product's kernel and its call, all but what differs from part to part.
struct PanelProduct {
    private var call = pk_panel_call()
    private let kernel: @convention(c) (UnsafePointer<pk_panel_call>?) -> Void
    private let panels: NodePanels
    private let x: ActivationRows
    private let target: ProductTarget
    private let roundedBytes: Int

    init(_ panels: NodePanels, _ x: ActivationRows, into target: ProductTarget, kernels: KernelSet) {
        let table = kernels.table
        kernel =
            switch panels.format {
            case .f32: table.pointee.panel_f32
            case .bf16: table.pointee.panel_bf16
            case .int8: table.pointee.panel_int8
            case .int4: table.pointee.panel_int4
            }
        self.panels = panels
        roundedBytes = Int(table.pointee.bf16_row_bytes)
        self.x = x
        self.target = target
        call.x_stride = Int64(x.stride)
        call.x_sums_stride = Int64(x.sumsStride)
        call.k = Int64(panels.k)
        call.y_stride = Int64(target.stride)
        call.rounded_stride = Int64(target.rounded?.stride ?? 0)
        call.residual_stride = Int64(target.stride)
        call.epilogue = Int32(target.epilogue.rawValue)
    }

    /// - Parameter next: the panel that the lane reads after this one, if it is known.
    @inline(__always)
    mutating func compute(_ part: ProductPart, next: UnsafeRawPointer?) {
        let column = part.columns.lowerBound
        let rows = part.rows
        let x = x.from(row: rows.lowerBound)
        call.panel = panels.panel(part.panel)
        call.next = next
        call.x = x.base
        call.x_scales = x.scales
        call.x_sums = x.sums
        call.rows = Int64(rows.count)
        call.columns = Int64(part.columns.count)
        call.y = target.isTile ? target.y : target.y + rows.lowerBound * target.stride + column
        call.rounded = target.rounded.map { $0.base + rows.lowerBound * $0.stride + column * roundedBytes }
        call.bias = target.bias.map { $0 + column }
        call.residual = target.residual.map { $0 + rows.lowerBound * target.stride + column }
        kernel(&call)
    }
}
