import CKernels

/// One node's panels of a matrix `[columns, k]`, as the lanes of that node multiply with them. A borrowed view: whoever made the
/// matrix keeps the memory alive.
///
/// It holds no reference. All lanes take the same matrices in the same moments; were there something to retain, each would
/// wait for all others' turn at one count.
public struct NodePanels: @unchecked Sendable {
    /// Output columns of the whole matrix.
    public let columns: Int
    /// Length of the sums.
    public let k: Int
    public let format: WeightFormat
    /// Which of the matrix's panels they are.
    let panels: Range<Int>
    let panelBytes: Int
    private let base: UnsafeRawPointer

    /// - Parameter base: where the first of the panels lies.
    init(_ plan: PanelPlan, onNode node: Int, base: UnsafeRawPointer) {
        columns = plan.columns
        k = plan.k
        format = plan.format
        panels = plan.panelsByNode[node]
        panelBytes = plan.panelBytes
        self.base = base
    }

    /// The panels, one behind the other.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: panels.count * panelBytes) }

    @inline(__always)
    func panel(_ index: Int) -> UnsafeRawPointer { base + (index - panels.lowerBound) * panelBytes }

    /// This lane's part of `y[rows, columns] = epilogue(x[rows, k] · weightsᵀ)`; every lane must call it, each with its own
    /// node's panels, and a barrier stands between two products.
    ///
    /// Items are (panel, block of rows): rows are cut only when there are too few panels to keep the node's lanes busy.
    /// Who computes an element is decided as they go, how never is. `done` is called after each.
    ///
    /// - Parameter following: the matrix that is multiplied next: its first panel is on its way when this product ends.
    @inline(__always)
    public func multiply(
        _ x: ActivationRows, into target: ProductTarget, following: NodePanels? = nil, kernels: KernelSet, lane: Lane,
        done: (ProductPart) -> Void = { _ in }
    ) {
        guard x.rows > 0 else { return }
        var items = ProductItems(rows: x.rows, of: self, kernels: kernels, lane: lane)
        var product = PanelProduct(self, x, into: target, kernels: kernels)
        var next = items.next()
        while let part = next {
            next = items.next()
            let panel =
                next.map { self.panel($0.panel) } ?? following?.firstPanel(rows: x.rows, kernels: kernels, lane: lane)
            product.compute(part, next: panel)
            done(part)
        }
    }

    /// Rows for which the weights are read once, at least.
    public static let cachedRows = Int(PK_BAND_ROWS)

    /// Where the lane begins to read when so many rows are multiplied.
    private func firstPanel(rows: Int, kernels: KernelSet, lane: Lane) -> UnsafeRawPointer? {
        ProductItems.firstPanel(rows: rows, of: self, kernels: kernels, lane: lane).map { panel($0) }
    }
}
