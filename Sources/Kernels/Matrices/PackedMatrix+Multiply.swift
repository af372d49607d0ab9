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

extension PackedMatrix {
    /// This lane's part of `y[rows, columns] = epilogue(x[rows, k] · weightsᵀ)`; every lane must call it, and a barrier
    /// stands between two products.
    ///
    /// Items are (panel, block of rows): rows are cut only when there are too few panels to keep the node's lanes busy.
    /// Who computes an element is decided as they go, how never is. `done` is called after each.
    ///
    /// - Parameter following: the matrix that is multiplied next: its first panel is on its way when this product ends.
    @inline(__always)
    public func multiply(
        _ x: ActivationRows, into target: ProductTarget, following: PackedMatrix? = nil, kernels: KernelSet, lane: Lane,
        done: (ProductPart) -> Void = { _ in }
    ) {
        guard x.rows > 0 else { return }
        var items = ProductItems(rows: x.rows, plan: plan, lane: lane)
        var product = PanelProduct(self, x, into: target, kernels: kernels, node: lane.node)
        var next = items.next()
        while let part = next {
            next = items.next()
            let panel = next.map { product.panel($0.panel) } ?? following?.firstPanel(rows: x.rows, of: lane)
            product.compute(part, next: panel)
            done(part)
        }
    }

    /// Rows for which the weights are read once.
    public static let cachedRows = ProductItems.cachedRows

    /// Where the lane begins to read when so many rows are multiplied.
    private func firstPanel(rows: Int, of lane: Lane) -> UnsafeRawPointer? {
        ProductItems.firstPanel(rows: rows, plan: plan, lane: lane).map { panel($0, onNode: lane.node) }
    }
}
