import CKernels

/// A weight matrix `[columns, k]` in panels of 64 output columns, each node's panels in that node's memory. `CKernels.h`
/// has a panel's layout in each format.
public struct PackedMatrix: @unchecked Sendable {
    public let plan: PanelPlan
    // One pointer per node, to its first panel; the regions are kept alive by whoever made the allocators.
    private let parts: [UnsafeMutableRawPointer]

    public var columns: Int { plan.columns }
    public var k: Int { plan.k }

    /// Take the memory of a matrix; its panels are filled by `pack`.
    public init(_ plan: PanelPlan, from allocators: inout [RegionAllocator]) {
        precondition(allocators.count == plan.panelsByNode.count, "one allocator per node")
        self.plan = plan
        parts = allocators.indices.map { allocators[$0].take(bytes: plan.bytes(onNode: $0)) }
    }

    func panel(_ panel: Int, onNode node: Int) -> UnsafeMutableRawPointer {
        parts[node] + (panel - plan.panelsByNode[node].lowerBound) * plan.panelBytes
    }

    /// Repack this lane's panels of one slice out of `source` (`[columns, k]`); every lane must call it.
    public func pack(_ source: SourceMatrix, slice: Int = 0, of slices: Int = 1, kernels: KernelSet, lane: Lane) {
        precondition(source.rows == columns && source.k == k, "the source has the matrix's shape")
        let pack =
            switch plan.format {
            case .f32: kernels.table.pointee.pack_f32
            case .bf16: kernels.table.pointee.pack_bf16
            case .int8: kernels.table.pointee.pack_int8
            case .int4: kernels.table.pointee.pack_int4
            }
        for index in lane.shareOnNode(of: plan.panels(ofSlice: slice, of: slices, onNode: lane.node)) {
            pack!(
                source.row(index * PanelPlan.panelColumns), Int32(source.type.rawValue), Int64(k), Int64(k),
                Int64(plan.columns(ofPanel: index)), panel(index, onNode: lane.node))
        }
    }

    /// Row `row` of `[columns, k]` as floats, from any node.
    public func unpackRow(_ row: Int, to out: UnsafeMutablePointer<Float>, kernels: KernelSet) {
        let index = row / PanelPlan.panelColumns
        let node = plan.panelsByNode.firstIndex { $0.contains(index) }!
        let unpack =
            switch plan.format {
            case .f32: kernels.table.pointee.unpack_row_f32
            case .bf16: kernels.table.pointee.unpack_row_bf16
            case .int8: kernels.table.pointee.unpack_row_int8
            case .int4: kernels.table.pointee.unpack_row_int4
            }
        unpack!(panel(index, onNode: node), Int64(k), Int64(row % PanelPlan.panelColumns), out)
    }
}
