public import CKernels

/// A tensor in a mapped file; keeps the mapping alive.
public struct TensorView: @unchecked Sendable {
    // Unchecked because of the pointer alone: it points into `file`'s read-only mapping, which this value keeps alive.
    public let name: String
    public let type: pk_type
    public let shape: [Int]
    /// File name without its folder.
    public let file: String
    /// Row-major bytes, little-endian, maybe unaligned for the element type.
    public let bytes: UnsafeRawBufferPointer

    let mapping: MappedFile
    private let range: Range<Int>

    /// - Parameter range: bytes of the tensor, counted from the beginning of the file.
    init(name: String, type: pk_type, shape: [Int], range: Range<Int>, mapping: MappedFile) {
        self.name = name
        self.type = type
        self.shape = shape
        self.range = range
        self.mapping = mapping
        file = fileName(ofPath: mapping.path)
        bytes = UnsafeRawBufferPointer(rebasing: mapping.bytes[range])
    }

    var path: String { mapping.path }

    /// Elements in all.
    public var count: Int { bytes.count / bytesPerElement }

    public var bytesPerElement: Int { type == PK_F32 ? 4 : 2 }

    /// `F32`, `F16` or `BF16`.
    public var typeName: String { type == PK_F32 ? "F32" : type == PK_F16 ? "F16" : "BF16" }

    /// Tell the kernel that this tensor's pages will not be read again (madvise), so that loading does not pile up.
    public func discard() { mapping.discard(range) }

    /// The same for a part of `bytes` (clamped to it): a long tensor is given back while it streams.
    public func discard(bytes part: Range<Int>) {
        let part = part.clamped(to: bytes.indices)
        mapping.discard(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
    }
}
