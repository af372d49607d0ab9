import CKernels

/// A weight matrix `[columns, k]` in panels of 64 output columns, each node's panels in that node's memory. `CKernels.h`
/// has a panel's layout in each format; it is the same for all instruction sets.
public struct PackedMatrix: @unchecked Sendable {
    public let plan: PanelPlan
    // One pointer per node, to its first panel; the memory is kept alive by whoever made it.
    private let parts: [UnsafeRawPointer]
    private let isWritable: Bool

    public var columns: Int { plan.columns }
    public var k: Int { plan.k }

    /// Take the memory of a matrix; its panels are filled by `pack` or `copy`.
    public init(_ plan: PanelPlan, from allocators: inout [RegionAllocator]) {
        precondition(allocators.count == plan.panelsByNode.count, "one allocator per node")
        self.plan = plan
        parts = allocators.indices.map { UnsafeRawPointer(allocators[$0].take(bytes: plan.bytes(onNode: $0))) }
        isWritable = true
    }

    /// A matrix whose panels lie one behind the other in memory that is only read.
    ///
    /// - Precondition: `panels` holds all of the plan's panels, aligned to 64 bytes, and outlives the matrix.
    public init(_ plan: PanelPlan, readingFrom panels: UnsafeRawBufferPointer) {
        precondition(panels.count == plan.panelCount * plan.panelBytes, "all panels are there")
        self.plan = plan
        parts = plan.panelsByNode.map { panels.baseAddress! + $0.lowerBound * plan.panelBytes }
        isWritable = false
    }

    private init(_ plan: PanelPlan, parts: [UnsafeRawPointer], isWritable: Bool) {
        self.plan = plan
        self.parts = parts
        self.isWritable = isWritable
    }

    /// The panels of `plan.slice(slice, of: slices)`, where they lie.
    public func slice(_ slice: Int, of slices: Int) -> PackedMatrix {
        let part = plan.slice(slice, of: slices)
        let begins = parts.indices.map { panel(part.panelsByNode[$0].lowerBound, onNode: $0) }
        return PackedMatrix(part, parts: begins, isWritable: isWritable)
    }

    /// A node's panels as its lanes multiply with them.
    public func onNode(_ node: Int) -> NodePanels { NodePanels(plan, onNode: node, base: parts[node]) }

    func panel(_ panel: Int, onNode node: Int) -> UnsafeRawPointer {
        parts[node] + (panel - plan.panelsByNode[node].lowerBound) * plan.panelBytes
    }

    /// A node's panels, one behind the other.
    public func panels(onNode node: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: parts[node], count: plan.bytes(onNode: node))
    }

    /// This lane's panels of its node, by their numbers.
    public func ownPanels(of lane: Lane) -> Range<Int> { lane.shareOnNode(of: plan.panelsByNode[lane.node]) }

    /// The bytes of one of the lane's panels.
    public func panel(_ index: Int, of lane: Lane) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: panel(index, onNode: lane.node), count: plan.panelBytes)
    }

    private func writable(_ index: Int, onNode node: Int) -> UnsafeMutableRawPointer {
        precondition(isWritable, "the matrix's memory is its own")
        return UnsafeMutableRawPointer(mutating: panel(index, onNode: node))
    }

    /// Repack this lane's panels out of `source` (`[columns, k]`); every lane must call it.
    public func pack(_ source: SourceMatrix, kernels: KernelSet, lane: Lane) {
        pack(source, panels: ownPanels(of: lane), kernels: kernels, lane: lane)
    }

    /// Repack some panels of the lane's node out of `source` (`[columns, k]`).
    public func pack(_ source: SourceMatrix, panels: Range<Int>, kernels: KernelSet, lane: Lane) {
        precondition(source.rows == columns && source.k == k, "the source has the matrix's shape")
        let pack =
            switch plan.format {
            case .f32: kernels.table.pointee.pack_f32
            case .bf16: kernels.table.pointee.pack_bf16
            case .int8: kernels.table.pointee.pack_int8
            case .int4: kernels.table.pointee.pack_int4
            }
        for index in panels {
            pack!(
                source.row(index * PanelPlan.panelColumns), Int32(source.type.rawValue), Int64(k), Int64(k),
                Int64(plan.columns(ofPanel: index)), writable(index, onNode: lane.node))
        }
    }

    /// Copy this lane's panels out of a matrix of the same shape and format; every lane must call it.
    public func copy(_ other: PackedMatrix, lane: Lane) {
        precondition(other.plan == plan, "the panels are the same")
        let own = ownPanels(of: lane)
        guard !own.isEmpty else { return }
        writable(own.lowerBound, onNode: lane.node).copyMemory(
            from: other.panel(own.lowerBound, onNode: lane.node), byteCount: own.count * plan.panelBytes)
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
