import Basics
import CKernels
import Kernels
import Models
import Scheduler

extension EngineOptions {
    /// - Throws: `EngineError.badOption` for a value out of its range.
    func validate() throws(EngineError) {
        guard blockSize > 0, blockSize % KeyValueLayout.groupTokens == 0, blockSize <= 4096 else {
            throw .badOption(name: "block-size", reason: "\(blockSize) is not a multiple of 16 between 16 and 4096")
        }
        guard (1...4096).contains(maxBatch) else {
            throw .badOption(name: "max-batch", reason: "\(maxBatch) is not between 1 and 4096")
        }
        guard (1...65536).contains(prefillChunk) else {
            throw .badOption(name: "prefill-chunk", reason: "\(prefillChunk) is not between 1 and 65536")
        }
        if case .share(let share) = cacheMemory, !(share > 0 && share <= 1) {
            throw .badOption(name: "cache-memory", reason: "\(share) is not a share in (0, 1]")
        }
        if case .bytes(let bytes) = cacheMemory, bytes <= 0 {
            throw .badOption(name: "cache-memory", reason: "\(bytes) is not a positive number of bytes")
        }
    }
}

extension EngineOptions.Weights {
    /// The format to pack into; `auto` keeps every bit of the checkpoint.
    func format(for checkpoint: Checkpoint) -> WeightFormat {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .auto: checkpoint.tensors.allSatisfy { $0.type == PK_BF16 } ? .bf16 : .f32
        }
    }
}

extension EngineOptions.Batching {
    var policy: BatchingPolicy {
        switch self {
        case .continuous: .continuous
        case .static: .static
        }
    }
}

extension EngineOptions.CacheMemory {
    /// Of the memory that is free once the weights are packed, the cache takes half by default: the rest is for
    /// activations, for other programs and for the page cache.
    static let automaticShare = 0.5

    /// Blocks that the memory holds, at least one.
    func blocks(of layout: KeyValueLayout) throws(EngineError) -> Int {
        let bytes =
            switch self {
            case .automatic: Int(Double(Machine.availableBytes()) * Self.automaticShare)
            case .share(let share): Int(Double(Machine.availableBytes()) * share)
            case .bytes(let bytes): bytes
            }
        let blocks = min(bytes / layout.bytesPerBlock, Int(Int32.max))
        guard blocks > 0 else { throw .cacheTooSmall(bytes: bytes, needed: layout.bytesPerBlock) }
        return blocks
    }
}
