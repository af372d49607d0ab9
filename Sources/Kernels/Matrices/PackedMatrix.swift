import CKernels

/// A weight matrix `[columns, k]` in panels of 64 output columns, each node's panels in that node's memory.
///
/// f32 panel: `[k][64]` floats. bf16 panel: `[⌈k/2⌉][64][2]`.
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
    public func pack(_ source: SourceMatrix, slice: Int = 0, of slices: Int = 1, lane: Lane) {
        precondition(source.rows == columns && source.k == k, "the source has the matrix's shape")
        for index in lane.shareOnNode(of: plan.panels(ofSlice: slice, of: slices, onNode: lane.node)) {
            let rows = source.row(index * PanelPlan.panelColumns)
            let valid = Int64(plan.columns(ofPanel: index))
            let target = panel(index, onNode: lane.node)
            let type = Int32(source.type.rawValue)
            switch plan.format {
            case .f32:
                pk_pack_f32(rows, type, Int64(k), Int64(k), valid, target.assumingMemoryBound(to: Float.self))
            case .bf16:
                pk_pack_bf16(rows, type, Int64(k), Int64(k), valid, target.assumingMemoryBound(to: UInt16.self))
            }
        }
    }

    /// Row `row` of `[columns, k]` as floats, from any node.
    public func unpackRow(_ row: Int, to out: UnsafeMutablePointer<Float>) {
        let index = row / PanelPlan.panelColumns
        let node = plan.panelsByNode.firstIndex { $0.contains(index) }!
        let column = Int64(row % PanelPlan.panelColumns)
        let source = panel(index, onNode: node)
        switch plan.format {
        case .f32: pk_unpack_row_f32(source.assumingMemoryBound(to: Float.self), Int64(k), column, out)
        case .bf16: pk_unpack_row_bf16(source.assumingMemoryBound(to: UInt16.self), Int64(k), column, out)
        }
    }
}
