public import Basics
public import CKernels
public import Foundation

/// A Hugging Face checkpoint directory, opened: configuration read, every safetensors header checked, files mapped.
public struct Checkpoint: Sendable {
    public let directory: URL
    public let configuration: BloomConfiguration

    /// - Throws: `CheckpointError`, one sentence that names the file and the tensor.
    public init(directory: URL) throws { fatalError("skeleton") }

    /// Every tensor of the files, in name order, under the name that the file gives it.
    public var tensors: [TensorView] { fatalError("skeleton") }

    /// The tensor of that name (as `BloomForCausalLM` names it without `transformer.`, e.g. `h.0.ln_1.weight`), found
    /// with and without the `transformer.` prefix, of exactly that shape.
    public func tensor(_ name: String, shape: [Int]) throws -> TensorView { fatalError("skeleton") }

    /// `lm_head.weight` where the configuration says that it is not tied to the embedding.
    public func untiedHead() throws -> TensorView? { fatalError("skeleton") }

    /// Check that every tensor that `configuration` asks for is there with its shape, before anything is packed.
    public func validate() throws { fatalError("skeleton") }
}

/// A tensor in a mapped file; keeps the mapping alive.
public struct TensorView: @unchecked Sendable {
    public let name: String
    public let type: pk_type
    public let shape: [Int]
    /// File name without its folder.
    public let file: String
    /// Row-major bytes, little-endian, maybe unaligned for the element type.
    public let bytes: UnsafeRawBufferPointer
    /// Tell the kernel that this tensor's pages will not be read again (madvise), so that loading does not pile up.
    public func discard() { fatalError("skeleton") }
}
