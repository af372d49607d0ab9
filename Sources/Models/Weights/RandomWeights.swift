import CKernels
import Kernels

/// Weights of any shape, made while they are packed: no file, and never more of them at a time than one stretch of rows.
///
/// A weight is a function of (seed, tensor's name, index) alone, so the number of lanes changes none. Values are bf16
/// numbers, about normal with BLOOM's `initializer_range` of 0.02; LayerNorm's scales lie around 1. Used by one packer
/// at a time.
public final class RandomWeights: WeightSource {
    public let configuration: BloomConfiguration
    public let seed: UInt64
    private let scratch = Scratch()

    public init(_ configuration: BloomConfiguration, seed: UInt64 = 0) {
        self.configuration = configuration
        self.seed = seed
    }

    public var isBF16: Bool { true }

    public var byteCount: Int { configuration.parameterCount * MemoryLayout<UInt16>.stride }

    public func validate() {}

    public func reader(of name: String, shape: [Int]) -> any TensorReader {
        let isScale = name.hasSuffix("layernorm.weight") || name == "ln_f.weight"
        return RandomTensor(
            numbers: RandomNumbers(seed: seed, stream: name, mean: isScale ? 1 : 0, deviation: 0.02),
            rows: shape.count < 2 ? 1 : shape[0], k: shape[shape.count - 1], scratch: scratch)
    }
}

/// One tensor of random weights.
private struct RandomTensor: TensorReader {
    let numbers: RandomNumbers
    let rows: Int
    let k: Int
    let scratch: Scratch

    var byteCount: Int { rows * k * MemoryLayout<UInt16>.stride }

    func read(_ rows: [Range<Int>], crew: WorkerLanes) -> [SourceMatrix] {
        let words = scratch.words(rows.reduce(0) { $0 + $1.count } * k)
        var taken = 0
        return rows.map { held in
            let part = UnsafeMutableBufferPointer(rebasing: words[taken..<taken + held.count * k])
            taken += part.count
            crew.run { lane in
                let share = lane.share(of: part.count)
                numbers.fill(
                    UnsafeMutableBufferPointer(rebasing: part[share]), from: held.lowerBound * k + share.lowerBound)
            }
            return SourceMatrix(
                bytes: UnsafeRawBufferPointer(part), type: PK_BF16, rows: self.rows, k: k, held: held)
        }
    }

    func discard(_ rows: [Range<Int>]) {}
    func discard() {}
}

/// Memory that one tensor after another is made in.
private final class Scratch {
    private var memory = UnsafeMutableBufferPointer<UInt16>(start: nil, count: 0)

    func words(_ count: Int) -> UnsafeMutableBufferPointer<UInt16> {
        if count > memory.count {
            memory.deallocate()
            memory = .allocate(capacity: count)
        }
        return UnsafeMutableBufferPointer(rebasing: memory[..<count])
    }

    deinit { memory.deallocate() }
}
