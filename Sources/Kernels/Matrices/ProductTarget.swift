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
