import Basics
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
        if let prefillChunk, !(1...65536).contains(prefillChunk) {
            throw .badOption(name: "prefill-chunk", reason: "\(prefillChunk) is not between 1 and 65536")
        }
        if let stepTime, stepTime <= .zero {
            throw .badOption(name: "step-time", reason: "\(stepTime) is not more than nothing")
        }
        guard (1...64).contains(draftTokens) else {
            throw .badOption(name: "draft-tokens", reason: "\(draftTokens) is not between 1 and 64")
        }
        if case .share(let share) = cacheMemory, !(share > 0 && share <= 1) {
            throw .badOption(name: "cache-memory", reason: "\(share) is not a share in (0, 1]")
        }
        if case .bytes(let bytes) = cacheMemory, bytes <= 0 {
            throw .badOption(name: "cache-memory", reason: "\(bytes) is not a positive number of bytes")
        }
        if let mostWaiting, mostWaiting < 0 {
            throw .badOption(name: "most-waiting", reason: "\(mostWaiting) is not a number of requests")
        }
        guard mostUnreadTokens > 0 else {
            throw .badOption(
                name: "most-unread-tokens", reason: "\(mostUnreadTokens) is not a positive number of tokens")
        }
        if let gracePeriod, gracePeriod < .zero {
            throw .badOption(name: "grace-period", reason: "\(gracePeriod) is less than nothing")
        }
        if let swapSpace, swapSpace < 0 {
            throw .badOption(name: "swap-space", reason: "\(swapSpace) is not a number of bytes")
        }
    }
}

extension EngineOptions.Weights {
    /// The formats to pack the layers and the head into; `auto` keeps every bit of the checkpoint.
    func formats(for model: any WeightSource) -> (layers: WeightFormat, head: WeightFormat) {
        switch self {
        case .f32: (.f32, .f32)
        case .bf16: (.bf16, .bf16)
        case .int8: (.int8, .int8)
        case .int4: (.int4, .int4)
        case .auto: model.isBF16 ? (.bf16, .bf16) : (.f32, .f32)
        }
    }
}

extension EngineOptions.CacheFormat {
    /// The name of the format that is taken beside weights whose format has this name.
    package func name(beside weights: String) -> String {
        WeightFormat(rawValue: weights).map { format(beside: $0).rawValue } ?? rawValue
    }

    func format(beside weights: WeightFormat) -> KeyValueFormat {
        switch self {
        case .f32: .f32
        case .bf16: .bf16
        case .int8: .int8
        case .auto:
            switch weights {
            case .f32: .f32
            case .bf16: .bf16
            case .int8, .int4: .int8
            }
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

    /// Blocks that the memory holds, at least one. A share is taken of the whole and of each node, so that a node's
    /// part fits into its own memory; a number of bytes is taken as it is.
    ///
    /// - Parameter draft: of a draft model's cache, which has as many blocks and takes its part of the memory: what the model
    ///   has room for, the draft model nearly always has.
    func blocks(
        of layout: KeyValueLayout, and draft: KeyValueLayout? = nil, beside weights: BloomWeights, crew: WorkerLanes
    ) throws(EngineError) -> Int {
        let bytes: Int
        var limits = [Int?](repeating: nil, count: crew.nodes.count)
        switch self {
        case .automatic:
            return try Self.share(Self.automaticShare).blocks(of: layout, and: draft, beside: weights, crew: crew)
        case .bytes(let wanted): bytes = wanted
        case .share(let share):
            // What the system counts as available holds the pages of a mapped file, which the weights need.
            func part(of available: Int, _ mapped: Int) -> Int { Int(Double(max(0, available - mapped)) * share) }
            bytes = part(of: Machine.availableBytes(), weights.mappedBytes)
            if crew.machine.canPlace {
                limits = crew.nodes.map { node in
                    Machine.availableBytes(onNode: node.id).map { part(of: $0, weights.mappedBytes / crew.nodes.count) }
                }
            }
        }
        let needed = layout.bytesPerBlock + (draft?.bytesPerBlock ?? 0)
        let share = Double(layout.bytesPerBlock) / Double(needed)
        func part(of bytes: Int) -> Int { draft == nil ? bytes : Int(Double(bytes) * share) }
        let blocks = min(
            layout.blocks(fitting: part(of: bytes), nodeLimits: limits.map { $0.map(part) }), Int(Int32.max))
        guard blocks > 0 else { throw .cacheTooSmall(bytes: bytes, needed: needed) }
        return blocks
    }
}
