import CKernels

/// Keeps of a product's rows what is asked of them, while the product is computed: its parts go through a tile in each
/// lane's cache, and where only the greatest values of a row are asked for, the row itself is never written.
///
/// Each lane keeps its own lists, so nothing is locked; `greatest` merges them. A list depends on its row's values and their
/// columns alone: who computed them, and when, never shows.
public final class ProductSelection: @unchecked Sendable {
    /// Most values that can be asked of a row.
    public static let mostRank = 128
    /// As many equals of the last one find room.
    private static let capacity = 2 * mostRank

    /// Rows of a product.
    public let rowCapacity: Int
    private let laneCount: Int
    /// For every lane: `[rows, 64]` of one part.
    private let tiles: UnsafeMutablePointer<Float>
    /// For every lane: what a row's values must reach, then which columns of a part do.
    private let bounds: UnsafeMutablePointer<Float>
    private let reaching: UnsafeMutablePointer<UInt64>
    /// For every lane: a list a row, then one to merge in.
    private let lists: UnsafeMutablePointer<GreatestList>
    private let rowStride: Int

    public init(rows: Int, lanes: Int, from allocator: inout RegionAllocator) {
        rowCapacity = rows
        laneCount = lanes
        rowStride = Self.rowStride(rows)
        let sizes = Self.sizes(rows: rows, lanes: lanes)
        tiles = allocator.takeFloats(sizes.tiles)
        bounds = allocator.takeFloats(sizes.rows)
        reaching = allocator.take(bytes: sizes.rows * 8).bindMemory(to: UInt64.self, capacity: sizes.rows)
        lists = allocator.take(bytes: sizes.rows * MemoryLayout<GreatestList>.stride)
            .bindMemory(to: GreatestList.self, capacity: sizes.rows)
        let entries = allocator.take(bytes: sizes.rows * Self.listBytes)
        for list in 0..<sizes.rows {
            let own = (entries + list * Self.listBytes).bindMemory(to: SelectedValue.self, capacity: Self.capacity)
            (lists + list).initialize(to: GreatestList(own, capacity: Self.capacity))
        }
    }

    /// Bytes that `init` takes.
    public static func footprint(rows: Int, lanes: Int) -> Int {
        let sizes = sizes(rows: rows, lanes: lanes)
        return [
            sizes.tiles * 4, sizes.rows * 4, sizes.rows * 8, sizes.rows * MemoryLayout<GreatestList>.stride,
            sizes.rows * listBytes,
        ].reduce(0) { $0 + RegionAllocator.footprint($1) }
    }

    private static let listBytes = capacity * MemoryLayout<SelectedValue>.stride

    /// Rows of a lane and one more, in whole cache lines of each of the arrays.
    private static func rowStride(_ rows: Int) -> Int { (rows + 1 + 15) / 16 * 16 }

    private static func sizes(rows: Int, lanes: Int) -> (tiles: Int, rows: Int) {
        (lanes * rows * PanelPlan.panelColumns, lanes * rowStride(rows))
    }

    // MARK: While the product is computed

    /// Forget the last product; the lane must do this before its first part.
    public func begin(_ demands: [RowDemand], lane: Lane) {
        precondition(demands.count <= rowCapacity, "the selection holds the rows")
        let first = lane.index * rowStride
        for (row, demand) in demands.enumerated() {
            lists[first + row].begin(demand)
            bounds[first + row] = lists[first + row].bound
        }
    }

    public func target(of lane: Lane) -> ProductTarget { ProductTarget(tile: tile(of: lane)) }

    private func tile(of lane: Lane) -> UnsafeMutablePointer<Float> {
        tiles + lane.index * rowCapacity * PanelPlan.panelColumns
    }

    /// Take from the lane's tile what is asked for.
    ///
    /// - Parameters:
    ///   - whole: where rows of which all is asked go, `[rows, stride]`; of others nothing is written.
    public func take(
        _ part: ProductPart, whole: UnsafeMutablePointer<Float>, stride: Int, kernels: KernelSet, lane: Lane
    ) {
        let tile = tile(of: lane)
        let first = lane.index * rowStride
        kernels.table.pointee.columns_reaching(
            tile, Int64(part.rows.count), Int64(part.columns.count), bounds + first + part.rows.lowerBound,
            reaching + first)
        for (index, row) in part.rows.enumerated() {
            let values = tile + index * PanelPlan.panelColumns
            if lists[first + row].demand == .all {
                (whole + row * stride + part.columns.lowerBound).update(from: values, count: part.columns.count)
                continue
            }
            var columns = reaching[first + index]
            guard columns != 0 else { continue }
            while columns != 0 {
                let column = columns.trailingZeroBitCount
                lists[first + row].insert(
                    SelectedValue(column: Int32(part.columns.lowerBound + column), value: values[column]))
                columns &= columns - 1
            }
            bounds[first + row] = lists[first + row].bound
        }
    }

    // MARK: Once all lanes are done

    /// What was asked of the row, in descending order, equals by ascending column; NaN is never among them. Valid until
    /// the lane asks again. `nil` if there are more equals than there is room for: then the whole row is needed.
    public func greatest(ofRow row: Int, lane: Lane) -> UnsafeBufferPointer<SelectedValue>? {
        precondition(row < rowCapacity && lists[row].demand != .all, "a list was asked for")
        let merged = lists + (lane.index * rowStride + rowCapacity)
        merged.pointee.begin(lists[row].demand)
        for other in 0..<laneCount {
            let list = lists + (other * rowStride + row)
            if list.pointee.hasOverflowed { return nil }
            for value in list.pointee.values {
                guard value.value >= merged.pointee.bound else { break }
                merged.pointee.insert(value)
            }
        }
        return merged.pointee.hasOverflowed ? nil : merged.pointee.values
    }
}
