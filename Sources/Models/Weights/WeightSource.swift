public import Kernels

/// Told the share of the work that is done, 0…1. What it throws ends the work.
public typealias WorkProgress = (Double) throws -> Void

/// Where a model's weights come from when they are packed: the files of a checkpoint, or a generator.
public protocol WeightSource {
    var configuration: BloomConfiguration { get }
    /// Whether every weight is a bf16 number, so that packing as bf16 loses nothing.
    var isBF16: Bool { get }
    /// Bytes that reading every tensor passes over, to tell progress by.
    var byteCount: Int { get }

    /// - Throws: what is missing or wrong, before anything is packed.
    func validate() throws

    /// The tensor of that name (as `BloomForCausalLM` names it without `transformer.`) and of exactly that shape.
    func reader(of name: String, shape: [Int]) throws -> any TensorReader
}

/// A tensor that is read a stretch of rows at a time, so that no more than that stretch needs memory. A vector is one row.
public protocol TensorReader {
    var byteCount: Int { get }

    /// These rows of the tensor, one view for each range, valid until the next call.
    ///
    /// - Parameter crew: lanes to share the work of making the rows; they must be idle.
    func read(_ rows: [Range<Int>], crew: WorkerLanes) -> [SourceMatrix]

    /// Nobody will read these rows again.
    func discard(_ rows: [Range<Int>])

    /// Nobody will read this tensor again.
    func discard()
}
