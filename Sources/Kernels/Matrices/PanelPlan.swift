import CKernels

/// How the output columns of a matrix are cut into panels and the panels dealt to NUMA nodes.
public struct PanelPlan: Sendable, Equatable {
    public static let panelColumns = Int(PK_PANEL)

    /// Output columns.
    public let columns: Int
    /// Length of the sums.
    public let k: Int
    public let format: WeightFormat
    /// For each of the crew's nodes its contiguous panels, in proportion to its lanes; of a slice, those that it has.
    public private(set) var panelsByNode: [Range<Int>]

    public init(columns: Int, k: Int, format: WeightFormat, crew: WorkerLanes) {
        self.columns = columns
        self.k = k
        self.format = format
        let panels = Self.panels(columns)
        panelsByNode = crew.nodes.map {
            panels * $0.lanes.lowerBound / crew.count..<panels * $0.lanes.upperBound / crew.count
        }
    }

    public static func panels(_ columns: Int) -> Int { (columns + panelColumns - 1) / panelColumns }

    public var panelCount: Int { Self.panels(columns) }

    /// Bytes of one panel, a multiple of 64.
    public var panelBytes: Int { format.panelBytes(k: k) }

    /// Bytes of a matrix packed into panels.
    public static func packedBytes(columns: Int, k: Int, format: WeightFormat) -> Int {
        panels(columns) * format.panelBytes(k: k)
    }

    public func bytes(onNode node: Int) -> Int { panelsByNode[node].count * panelBytes }

    /// One of `slices` pieces of each node's panels, so that a large matrix can be packed piece by piece on all nodes at
    /// once.
    public func slice(_ slice: Int, of slices: Int) -> PanelPlan {
        var part = self
        part.panelsByNode = panelsByNode.map {
            $0.lowerBound + $0.count * slice / slices..<$0.lowerBound + $0.count * (slice + 1) / slices
        }
        return part
    }

    /// Into how many slices to cut a matrix that is made from `bytes` of another one: what is held beside it stays small,
    /// and every lane has panels enough that none waits long for another.
    public func slices(ofBytes bytes: Int, lanes: Int) -> Int {
        let held = max(16 << 20, bytes / max(1, panelCount) * 8 * lanes)
        return max(1, (bytes + held - 1) / held)
    }

    /// The columns in a node's panels: rows of the matrix that is packed.
    public func columns(onNode node: Int) -> Range<Int> {
        let panels = panelsByNode[node]
        let begin = min(columns, panels.lowerBound * Self.panelColumns)
        return begin..<min(columns, panels.upperBound * Self.panelColumns)
    }

    public func columns(ofPanel panel: Int) -> Int {
        min(Self.panelColumns, columns - panel * Self.panelColumns)
    }
}
