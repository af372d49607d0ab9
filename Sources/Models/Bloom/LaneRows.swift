import Kernels

/// Rows that every lane reads, made either by all lanes together or, while they are few, by each lane for itself: that
/// costs less than the barrier between making and reading them.
struct LaneRows: @unchecked Sendable {
    let shared: FormedRows
    /// Each lane's. Not an array, which all lanes would retain (`NodePanels`); it lies with the rows.
    private let own: UnsafeMutablePointer<FormedRows>

    /// About what a lane forms in the time of a barrier.
    private static let ownElements = 8192

    static func ownRows(width: Int) -> Int { max(1, ownElements / width) }

    /// Whether each lane makes these rows for itself.
    static func areOwn(_ rows: Int, width: Int) -> Bool { rows <= ownRows(width: width) }

    init(
        _ form: RowForm, rows: Int, width: Int, lanes: Int, kernels: KernelSet, from allocator: inout RegionAllocator
    ) {
        let isFormed = form != .f32  // floats are read where they are
        shared = FormedRows(form, rows: isFormed ? rows : 0, width: width, kernels: kernels, from: &allocator)
        own = allocator.take(bytes: Self.tableBytes(lanes)).bindMemory(to: FormedRows.self, capacity: lanes)
        for lane in 0..<lanes {
            let rows = FormedRows(
                form, rows: isFormed ? Self.ownRows(width: width) : 0, width: width, kernels: kernels, from: &allocator)
            (own + lane).initialize(to: rows)
        }
    }

    static func footprint(_ form: RowForm, rows: Int, width: Int, lanes: Int, kernels: KernelSet) -> Int {
        let table = RegionAllocator.footprint(tableBytes(lanes))
        guard form != .f32 else { return table }
        return table + FormedRows.footprint(form, rows: rows, width: width, kernels: kernels)
            + lanes * FormedRows.footprint(form, rows: ownRows(width: width), width: width, kernels: kernels)
    }

    private static func tableBytes(_ lanes: Int) -> Int { lanes * MemoryLayout<FormedRows>.stride }

    func own(of lane: Lane) -> FormedRows { own[lane.index] }

    /// Floats that stand complete in memory, in the form; every lane must call it. Meets the other lanes if it must.
    func formed(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, width: Int, lane: Lane
    ) -> ActivationRows {
        guard shared.form != .f32 else { return ActivationRows(floats: x, stride: stride, rows: rows) }
        if Self.areOwn(rows, width: width) {
            let own = own(of: lane)
            for row in 0..<rows { own.form(x + row * stride, count: width, row: row) }
            return own.rows(rows)
        }
        for row in lane.share(of: rows) { shared.form(x + row * stride, count: width, row: row) }
        lane.barrier()
        return shared.rows(rows)
    }
}
