/// What a file's header says about one tensor.
public struct TensorListing: Sendable, Equatable {
    /// As the file names it.
    public var name: String
    /// `F32`, `F16`, `BF16`, or another type of the format (`BOOL`, `I64`, …) in a tensor that no BLOOM needs.
    public var type: String
    public var shape: [Int]
    /// File name without its folder.
    public var file: String
    public var byteCount: Int
}
